import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { junitReport, junitXml } from "../src/report/junit.ts";
import type { Result, Status } from "../src/report/result.ts";

function decided(scenario: Result["scenario"], alert: string, status: Status, note = "") {
  const seconds = status === "alerted" ? 0.25 : null;
  return { result: { scenario, alert, status, seconds, alert_id: null }, note };
}

test("each expected alert is a case under its scenario, with its outcome in JUnit's words", () => {
  const text = junitXml([
    decided("recon", "Network scanning tool detected", "alerted"),
    decided("recon", "Possible Web Shell activity detected", "missed"),
    decided("crypto", "A drift binary detected", "attack_failed", "miner run: it ended with status 1"),
    decided("ti-domain", "Communication", "not_covered"),
  ]);
  assert.match(
    text,
    /<testsuites name="atalaya simulate" tests="4" failures="1" errors="1" skipped="1" time="0\.250">/,
  );
  assert.match(text, /<testsuite name="recon" tests="2" failures="1" errors="0" skipped="0" time="0\.250">/);
  assert.match(text, /name="Network scanning tool detected" time="0\.250"\/>/);
  assert.match(text, /<failure message="no alert came"\/>/);
  assert.match(text, /<error message="the attack had no effect: miner run: it ended with status 1"\/>/);
  assert.match(text, /<skipped message="not covered"\/>/);
});

test("a reason cannot break the file", () => {
  const text = junitXml([decided("crypto", "a", "attack_failed", '<"&>\u001b[31m\u0000')]);
  assert.match(text, /&lt;&quot;&amp;&gt;�\[31m�/);
});

test("the file is written when the run ends", () => {
  const folder = mkdtempSync(join(tmpdir(), "junit-"));
  try {
    const report = junitReport(join(folder, "simulation.xml"));
    const { result } = decided("webshell", "a", "alerted");
    report.decided(0, result, "");
    report.end([result]);
    assert.match(readFileSync(join(folder, "simulation.xml"), "utf8"), /tests="1"/);
    assert.throws(() => junitReport(join(folder, "no/such/folder.xml")).end([]), /cannot be written/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
