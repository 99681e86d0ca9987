import { readFileSync, statSync } from "node:fs";
import { builtInPacks } from "@atalaya/detections";
import { loadRules, type RuleFile, type RuleProblem, type RuleSet } from "@atalaya/rules";
import { Fault } from "@atalaya/wire";
import { replayLimits } from "./limits.ts";

/** The built-in packs, unless they are not wanted, and then the files given, in their order. Throws Fault USAGE. */
export function ruleFiles(paths: readonly string[], withPacks: boolean): RuleFile[] {
  return [...(withPacks ? builtInPacks() : []), ...paths.map(readRuleFile)];
}

function readRuleFile(path: string): RuleFile {
  try {
    if (statSync(path).size > replayLimits.ruleFileBytesMax)
      throw new Fault("USAGE", `${path} is too large for a rule file.`);
    return { path, text: readFileSync(path, "utf8"), pack: path };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("USAGE", `${path} cannot be read (${reasonOf(error)}).`, {}, error);
  }
}

/** `ENOENT` of a failed system call, for a sentence. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code ?? (error instanceof Error ? error.message : "unknown");
}

/** `FILE:LINE:COLUMN: reason`, as editors and CI systems read it. */
export const problemLine = (problem: RuleProblem): string =>
  `${problem.file}:${problem.line}:${problem.column}: ${problem.reason}`;

/** Loads the files; undefined when one has a problem, which then stands on standard error. */
export function usableRules(files: readonly RuleFile[]): RuleSet | undefined {
  const rules = loadRules(files);
  for (const problem of rules.problems) process.stderr.write(`${problemLine(problem)}\n`);
  return rules.problems.length === 0 ? rules : undefined;
}
