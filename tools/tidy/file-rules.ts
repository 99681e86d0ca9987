import { basename } from "node:path";

/** Looks at one file; gives its problems as `:line: sentence`. */
export type FileRule = (name: string, text: string) => string[];

const linesMax = 400;
const code = /\.(ts|tsx|mjs|c|h)$/;

const notTooLong: FileRule = (name, text) => {
  if (!code.test(name)) return [];
  const lines = text.split("\n").length - 1;
  return lines <= linesMax ? [] : [`:${lines}: has ${lines} lines; past ${linesMax} it is two ideas`];
};

const namedAfterAnIdea: FileRule = (name) => {
  if (!code.test(name)) return [];
  const stem = basename(name).replace(
    /(\.(test|kernel|containers|browser|e2e|cluster|guests|bpf|config|d))*\.[a-z]+$/,
    "",
  );
  if (/^(utils?|helpers?|common|misc|managers?)$/.test(stem)) return [":1: a name that says nothing of what is inside"];
  const kebab = name.endsWith(".c") || name.endsWith(".h") ? /^[a-z0-9_-]+$/ : /^[a-z0-9-]+$/;
  return kebab.test(stem) ? [] : [":1: file names are kebab-case"];
};

const todo = new RegExp(`\\b(${["TO", "DO"].join("")}|${["FIX", "ME"].join("")})\\b(?!\\(#\\d+\\))`);

const noLooseEnds: FileRule = (name, text) => {
  if (!code.test(name)) return [];
  return matchingLines(text, (line) => todo.test(line)).map((n) => `:${n}: a loose end without an issue's number`);
};

const noTrailingSpace: FileRule = (name, text) => {
  if (name.endsWith(".md")) return [];
  return matchingLines(text, (line) => /[ \t]$/.test(line)).map((n) => `:${n}: ends in white space`);
};

const noRegistryHost: FileRule = (_name, text) =>
  matchingLines(text, (line) => /registry\.[a-z0-9.-]+\.(org|com|net|internal)/.test(line)).map(
    (n) => `:${n}: names a package registry's host`,
  );

function matchingLines(text: string, test: (line: string) => boolean): number[] {
  const found: number[] = [];
  for (const [i, line] of text.split("\n").entries()) if (test(line)) found.push(i + 1);
  return found;
}

export const fileRules: readonly FileRule[] = [
  notTooLong,
  namedAfterAnIdea,
  noLooseEnds,
  noTrailingSpace,
  noRegistryHost,
];
