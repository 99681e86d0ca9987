import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Kube } from "../src/cluster/kube.ts";

/**
 * A cluster whose kubectl and Helm are a script of the test's: `answers` is the part of a shell's `case` that says what is
 * printed for which arguments. `calls()` are the arguments of each call so far.
 */
export function recordedKubectl(t: TestContext, answers: string): { kube: Kube; calls: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), "recorded-kubectl-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [program, log] = [join(folder, "program"), join(folder, "log")];
  writeFileSync(log, "");
  writeFileSync(program, `#!/bin/sh\necho "$*" >> ${log}\ncase "$*" in\n${answers}\nesac\n`, { mode: 0o755 });
  return {
    kube: new Kube({ kubectl: program, helm: program }),
    calls: () => readFileSync(log, "utf8").trim().split("\n"),
  };
}
