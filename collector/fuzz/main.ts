// node collector/fuzz/main.ts TARGET [FILE]: fuzzes a target for ATALAYA_FUZZ_SECONDS, or gives it one saved input.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildTarget, run, runTarget, targets } from "./fuzz.ts";

const [name, file] = process.argv.slice(2);
const target = targets.find((one) => one === name);
if (target === undefined) {
  process.stderr.write(`Usage: node collector/fuzz/main.ts ${targets.join("|")} [FILE]\n`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "atalaya-fuzz-"));
try {
  const program = buildTarget(target, folder);
  const seconds = Number(process.env["ATALAYA_FUZZ_SECONDS"] ?? 60);
  const { failed, output } = file === undefined ? await runTarget(program, seconds) : await run(program, [file]);
  process.stdout.write(output);
  process.exitCode = failed ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}
