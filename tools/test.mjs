// `npm test`: sets everything up, then checks the code and runs the tests, in the order of their price.
//
//   node tools/test.mjs [--only unit|kernel|containers|browser|e2e|cluster|guests] [--full] [--yes] [PATTERN of test names]
//
// Those of the kind `cluster` need a real Kubernetes (e2e/cluster/) and run only when asked for; --full is their long form.
// So do those of the kind `guests`: other kernels under QEMU (e2e/guests/).
//
// The last line counts: `tests: N passed, N failed, N skipped`.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { nodeFlags, pinnedNode } from "./setup/pinned-node.mjs";
import { prepare, say } from "./setup/prepare.mjs";
import { root } from "./setup/root.mjs";
import { runCommand } from "./setup/run-command.mjs";

const kinds = ["unit", "kernel", "containers", "browser", "e2e"];
const asked = [...kinds, "cluster", "guests"];
const args = process.argv.slice(2);
const only = args.includes("--only") ? args[args.indexOf("--only") + 1] : undefined;
const full = args.includes("--full");
const pattern = args.find((arg, i) => !arg.startsWith("--") && args[i - 1] !== "--only");
if (only !== undefined && !asked.includes(only)) {
  say(`--only takes one of ${asked.join(", ")}`);
  process.exit(2);
}

/** Node 20 (which may start us) has no globSync; the pinned one lists the files. */
async function testFiles(kind) {
  const list = `
    import { globSync } from "node:fs";
    const all = globSync("{wire,rules,detections,collector,publisher,inventory,kube,audit,hub,simulator,web,cli,charts,containers,tools,e2e}/**/*.test.ts");
    const kind = ${JSON.stringify(kind)};
    const of = (file) => /\\.(kernel|containers|browser|e2e|cluster|guests)\\.test\\.ts$/.exec(file)?.[1] ?? "unit";
    console.log(JSON.stringify(all.filter((file) => !file.includes("node_modules") && of(file) === kind).sort()));`;
  const child = spawn(pinnedNode(), ["--input-type=module", "-e", list], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const part of child.stdout) text += part;
  return JSON.parse(text);
}

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Runs test files; what needs the whole machine (kernel, containers, browser) runs one file after another. */
function runTests(files, kind) {
  const flags = [...nodeFlags, "--test", "--test-reporter=spec", `--test-concurrency=${kind === "unit" ? 2 : 1}`];
  if (pattern !== undefined) flags.push(`--test-name-pattern=${pattern}`);
  const child = spawn(pinnedNode(), [...flags, `--test-timeout=${full ? 7_200_000 : 600_000}`, ...files], {
    cwd: root,
    env: { ...process.env, ...(full ? { ATALAYA_CLUSTER_FULL: "1" } : {}) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    process.stdout.write(`${line}\n`);
    const count = /^ℹ (pass|fail|cancelled|skipped) (\d+)$/.exec(line);
    if (count === null) return;
    const name = count[1] === "pass" ? "passed" : count[1] === "skipped" ? "skipped" : "failed";
    counts[name] += Number(count[2]);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve(code ?? 1)));
}

let status = 0;
try {
  for (const line of await prepare({
    withTests: true,
    withCluster: only === "cluster",
    withGuests: only === "guests",
    yes: args.includes("--yes"),
  }))
    say(line);
  if (only === undefined) {
    say("checking types, lint and tidiness");
    if ((await runCommand(process.execPath, [new URL("check.mjs", import.meta.url).pathname])) !== 0) {
      status = 1;
      counts.failed++;
    } else counts.passed++;
  }
  for (const kind of only === undefined ? kinds : [only]) {
    const files = await testFiles(kind);
    if (files.length === 0) continue;
    say(`${kind}: ${files.length} files`);
    if ((await runTests(files, kind)) !== 0) status = 1;
  }
} catch (error) {
  say(error.message);
  counts.failed++;
  status = 1;
}
if (counts.passed === 0) status = 1;
console.log(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = status;
