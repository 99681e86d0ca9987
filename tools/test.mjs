// `npm test`: sets everything up, then checks the code and runs the tests, in the order of their price.
//
//   node tools/test.mjs [--only unit|kernel|containers|browser|e2e|cluster|guests] [--beside guests] [--full] [--yes] [PATTERN of test names]
//
// Those of the kind `cluster` need a real Kubernetes (e2e/cluster/) and run only when asked for; --full is their long form.
// So do those of the kind `guests`: other kernels under QEMU (e2e/guests/). --beside runs them meanwhile, in the processor time
// that the others leave.
//
// The last line counts: `tests: N passed, N failed, N skipped`.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { nodeFlags, pinnedNode } from "./setup/pinned-node.mjs";
import { prepare, say } from "./setup/prepare.mjs";
import { root } from "./setup/root.mjs";
import { runCommand } from "./setup/run-command.mjs";

const kinds = ["unit", "kernel", "containers", "browser", "e2e"];
const asked = [...kinds, "cluster", "guests"];
/** The soak waits most of its time. What runs beside it needs the machine's set-up, and neither measures nor watches the machine. */
const soak = "e2e/soak.e2e.test.ts";
const besideSoak = /\.browser\.test\.ts$|\/fuzz\.kernel\.test\.ts$|^publisher\/test\/full-disk\.kernel\.test\.ts$/;
const clusterTool = join(root, "e2e", "cluster", "main.ts");
/** One file boots them all; each has a bound of its own. */
const guestRuns = { patienceMs: 7_200_000 };
const args = process.argv.slice(2);
const given = (option) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined);
const only = given("--only");
const beside = given("--beside");
const full = args.includes("--full");
const pattern = args.find((arg, i) => !arg.startsWith("--") && !["--only", "--beside"].includes(args[i - 1]));
for (const [option, value, allowed] of [
  ["--only", only, asked],
  ["--beside", beside, ["guests"]],
]) {
  if (args.includes(option) && !allowed.includes(value)) {
    say(`${option} takes one of ${allowed.join(", ")}`);
    process.exit(2);
  }
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
/** Hundreds of processes read the same sources: each is stripped of its types and compiled once. */
const env = { ...process.env, NODE_COMPILE_CACHE: join(root, "build", "compile-cache") };

/**
 * Runs test files, so many at once, and gives the exit status. With `behind`, a command that takes another, they run behind what
 * runs meanwhile, and what they say is held until their end.
 */
function runTests(files, { atOnce = 1, behind = [], patienceMs = full ? 7_200_000 : 600_000 } = {}) {
  const flags = [...nodeFlags, "--test", "--test-reporter=spec", `--test-concurrency=${atOnce}`];
  flags.push("--test-reporter-destination=stdout");
  flags.push(
    `--test-reporter=${new URL("testing/slowest-files.mjs", import.meta.url).href}`,
    "--test-reporter-destination=stdout",
  );
  if (pattern !== undefined) flags.push(`--test-name-pattern=${pattern}`);
  const command = [pinnedNode(), ...flags, `--test-timeout=${patienceMs}`, ...files];
  const [file, ...rest] = [...behind, ...command];
  const child = spawn(file, rest, {
    cwd: root,
    env: { ...env, ...(full ? { ATALAYA_CLUSTER_FULL: "1" } : {}) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (behind.length > 0) lines.push(line);
    else process.stdout.write(`${line}\n`);
    const count = /^ℹ (pass|fail|cancelled|skipped) (\d+)$/.exec(line);
    if (count === null) return;
    const name = count[1] === "pass" ? "passed" : count[1] === "skipped" ? "skipped" : "failed";
    counts[name] += Number(count[2]);
  });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      say(error.message);
      resolve(1);
    });
    child.on("close", (code) => {
      for (const line of lines) process.stdout.write(`${line}\n`);
      resolve(code ?? 1);
    });
  });
}

/** What needs the whole machine (kernel, containers, browser) runs one file after another. */
async function runKind(kind, wanted = () => true) {
  const files = (await testFiles(kind)).filter(wanted);
  if (files.length === 0) return true;
  say(`${kind}: ${files.length} files`);
  const how = kind === "guests" ? guestRuns : { atOnce: kind === "unit" ? 2 : 1 };
  return (await runTests(files, how)) === 0;
}

/** All kinds; gives whether all passed. */
async function runAll() {
  say("checking types, lint and tidiness");
  const isTidy = (await runCommand(process.execPath, [new URL("check.mjs", import.meta.url).pathname])) === 0;
  counts[isTidy ? "passed" : "failed"]++;
  let isWell = isTidy;
  const isLast = (file) => file === soak || besideSoak.test(file);
  for (const kind of kinds) isWell = (await runKind(kind, (file) => !isLast(file))) && isWell;
  const rest = (await Promise.all(kinds.map(testFiles))).flat().filter((file) => besideSoak.test(file));
  say(`the soak, and beside it ${rest.length} files`);
  const ends = await Promise.all([runTests([soak]), runTests(rest, { behind: ["nice", "-n", "10"] })]);
  return isWell && ends.every((end) => end === 0);
}

let status = 0;
try {
  for (const line of await prepare({
    withTests: true,
    withCluster: only === "cluster",
    withGuests: [only, beside].includes("guests"),
    yes: args.includes("--yes"),
  }))
    say(line);
  const behind = ["chrt", "--idle", "0"]; // what the others leave of the processors
  const meanwhile = beside === undefined ? 0 : runTests(await testFiles(beside), { ...guestRuns, behind });
  // Not within a test's time: it takes minutes on a machine that has not built it yet, and more beside others.
  if (only === "cluster" && (await runCommand(pinnedNode(), [...nodeFlags, clusterTool, "build"])) !== 0) {
    throw new Error("what a cluster is made of could not be built");
  }
  const isWell = await (only === undefined ? runAll() : runKind(only));
  if ((await meanwhile) !== 0 || !isWell) status = 1;
} catch (error) {
  say(error.message);
  counts.failed++;
  status = 1;
}
if (counts.passed === 0) status = 1;
console.log(`tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = status;
