import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonReport, liveReport, plainReport } from "../src/report/report.ts";
import { exitStatus, type Result, type Status, statuses } from "../src/report/result.ts";

const style = { colours: false, pageUrl: (id: string) => `https://hub.invalid/alerts/${id}` };
const rows = [
  { scenario: "recon", alert: "Network scanning tool detected" },
  { scenario: "crypto", alert: "Suspicious access to workload identity token or service account token detected" },
] as const;

function result(index: 0 | 1, status: Status): Result {
  const alerted = status === "alerted";
  return { ...rows[index], status, seconds: alerted ? 0.25 : null, alert_id: alerted ? "0123456789abcdef" : null };
}

function recorder() {
  const written: string[] = [];
  return { written, write: (text: string) => void written.push(text) };
}

test("only a missed alert and an attack without effect make the exit status 1", () => {
  const expected: Record<Status, 0 | 1> = { alerted: 0, missed: 1, attack_failed: 1, needs_cluster: 0, not_covered: 0 };
  for (const status of statuses) assert.equal(exitStatus([result(0, "alerted"), result(1, status)]), expected[status]);
});

test("JSON is one object a line with the documented keys, and nothing else", () => {
  const [out, err] = [recorder(), recorder()];
  const report = jsonReport(out.write, err.write);
  report.begin([...rows]);
  report.progress("starting");
  report.news("the victim is a small one");
  report.decided(0, result(0, "alerted"), "");
  report.decided(1, result(1, "attack_failed"), "port scan: it ended with status 1");
  report.end([]);
  const lines = out.written.join("").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => Object.keys(JSON.parse(line))),
    Array(2).fill(["scenario", "alert", "status", "seconds", "alert_id"]),
  );
  assert.deepEqual(JSON.parse(lines[0] ?? ""), result(0, "alerted"));
  assert.match(err.written.join(""), /small one.*\n.*port scan: it ended with status 1/);
});

test("in a pipe each decided alert is a plain line with its link or its reason", () => {
  const [out, err] = [recorder(), recorder()];
  const report = plainReport(out.write, err.write, style);
  report.begin([...rows]);
  report.decided(0, result(0, "alerted"), "");
  report.decided(1, result(1, "missed"), "");
  report.end([result(0, "alerted"), result(1, "missed")]);
  const text = out.written.join("");
  assert.match(
    text,
    /^✓ recon +Network scanning tool detected +0\.25 {2}https:\/\/hub\.invalid\/alerts\/0123456789abcdef$/m,
  );
  assert.match(text, /^✗ crypto .*no alert came$/m);
  assert.match(text, /^1 alerted, 1 missed.*slowest alert took 0\.25 s$/m);
  assert.ok(!text.includes("\u001b"));
});

test("the live table goes up by as many lines as it drew, whatever the width of the terminal", () => {
  const out = recorder();
  const report = liveReport(out.write, { ...style, colours: true }, () => 60);
  report.progress("starting the attacker");
  report.begin([...rows]);
  report.progress("recon: port scan");
  report.news("something to know");
  report.decided(0, result(0, "alerted"), "");
  const screen = render(out.written, 60);
  assert.equal(screen.filter((line) => line.includes("Expected alert")).length, 1);
  assert.equal(screen[0], "something to know");
  assert.match(screen[2] ?? "", /✓.*recon/);
  assert.match(screen[3] ?? "", /·.*crypto/);
  assert.equal(screen[4], "recon: port scan");
  report.end([result(0, "alerted")]);
  assert.match(render(out.written, 1_000).join("\n"), /alerts\/0123456789abcdef/);
});

/** What a terminal shows: understands "up N lines", "clear below" and colours. */
function render(written: string[], columns: number): string[] {
  let lines: string[] = [""];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  for (const part of written.join("").match(/\u001b\[\d*[A-Za-z]|\n|[^\u001b\n]+/g) ?? []) {
    const up = part.endsWith("F") && part.startsWith("\u001b[") ? part.slice(2, -1) : undefined;
    if (up !== undefined) lines = lines.slice(0, lines.length - 1 - Number(up)).concat("");
    else if (part === "\n") lines.push("");
    else if (!part.startsWith("\u001b")) {
      lines[lines.length - 1] += part;
      assert.ok((lines.at(-1) ?? "").length <= columns, `${lines.at(-1)} wraps`);
    }
  }
  return lines;
}
