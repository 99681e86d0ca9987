import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import fc from "fast-check";
import { shellQuoted } from "../../src/pipeline/alert-document.ts";

test("a plain value stands as it is, a missing one too", () => {
  assert.equal(shellQuoted("/var/www/html"), "/var/www/html");
  assert.equal(shellQuoted("<NA>"), "<NA>");
  assert.equal(shellQuoted("/tmp/$(reboot)"), "'/tmp/$(reboot)'");
});

test("a real shell reads every quoted value back as one word", () => {
  const value = fc.string({ unit: "binary-ascii" }).filter((text) => text !== "" && !text.includes("\0"));
  fc.assert(
    fc.property(value, (text) => {
      const read = execFileSync("/bin/sh", ["-c", `printf %s ${shellQuoted(text)}`], { encoding: "utf8" });
      assert.equal(read, text);
    }),
    { numRuns: 50 },
  );
});
