// Tidiness as a check: what HOUSE rules can be seen by a program are kept by one.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "../setup/root.mjs";
import { fileRules } from "./file-rules.ts";
import { importProblems } from "./import-rule.ts";

const packages = [
  "wire",
  "rules",
  "detections",
  "collector",
  "publisher",
  "kube",
  "audit",
  "hub",
  "simulator",
  "web",
  "cli",
];

function tracked(): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n");
  return listed.filter((name) => name !== "" && existsSync(join(root, name)));
}

/** Every package shows the same face: README (Takes, Gives, Refuses), index.ts, src/. */
function faceProblems(): string[] {
  const problems: string[] = [];
  for (const name of packages) {
    const readme = join(root, name, "README.md");
    const text = existsSync(readme) ? readFileSync(readme, "utf8") : "";
    for (const heading of ["Takes", "Gives", "Refuses"]) {
      if (!text.includes(`## ${heading}`)) problems.push(`${name}/README.md: has no heading "## ${heading}"`);
    }
    if (!existsSync(join(root, name, "index.ts"))) problems.push(`${name}/index.ts: is missing`);
  }
  return problems;
}

const problems = faceProblems();
for (const name of tracked()) {
  const source = /\.(ts|tsx|mjs|c|h|md|yaml|css|html|json)$/.test(name) && basename(name) !== "package-lock.json";
  if (!source || name.includes("/samples/")) continue;
  const text = readFileSync(join(root, name), "utf8");
  for (const rule of fileRules) {
    for (const problem of rule(name, text)) problems.push(`${name}${problem}`);
  }
  problems.push(...importProblems(name, text));
}
for (const problem of problems) process.stderr.write(`tidy: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
