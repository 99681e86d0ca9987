import { dirname, join, normalize } from "node:path";

// Imports point one way, along the life of an event. A package not named here may import none of ours.
const mayImport: Record<string, readonly string[]> = {
  wire: [],
  rules: ["wire"],
  detections: ["wire", "rules"],
  collector: ["wire", "audit"],
  publisher: ["wire"],
  kube: ["wire"],
  audit: ["wire"],
  inventory: ["wire", "kube"],
  hub: ["wire", "rules", "detections", "audit", "kube"],
  simulator: ["wire"],
  web: ["wire"],
  cli: ["wire"],
};

/** The one door from the command line into the parts: it starts them, it does not use them. */
const door = "cli/src/switchboard.ts";

const specifiers = /(?:\bfrom\s+|\bimport\s*\(?\s*|new URL\()["']([^"']+)["']/g;

/** The imports of one file that break the rule, as `file:line: sentence`. Tests, benches and tools may import all. */
export function importProblems(name: string, text: string): string[] {
  const home = name.split("/")[0] ?? "";
  const allowed = mayImport[home];
  if (allowed === undefined || name === door || !/\.(ts|tsx)$/.test(name)) return [];
  if (/^[a-z]+\/(test|bench)\//.test(name)) return [];
  const problems: string[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    for (const match of line.matchAll(specifiers)) {
      const target = packageOf(name, match[1] ?? "");
      if (target === undefined || target === home || allowed.includes(target)) continue;
      problems.push(`${name}:${i + 1}: ${home} may not import ${target}`);
    }
  }
  return problems;
}

function packageOf(name: string, specifier: string): string | undefined {
  if (specifier.startsWith("@atalaya/")) return specifier.split("/")[1];
  if (!specifier.startsWith(".")) return undefined;
  const target = normalize(join(dirname(name), specifier)).split("/")[0] ?? "";
  return Object.hasOwn(mayImport, target) ? target : undefined;
}
