import { hideAssigned } from "./assigned-secrets.ts";
import { namesASecret, redacted, secretWords } from "./secret-names.ts";
import { hideWebTokens } from "./web-tokens.ts";

// Secrets inside texts: what a person or a program wrote where it does not belong. What is looked for
// takes time by the text's length alone: no nested repetition, no repetition without a bound that can fail at its end.

const hint = new RegExp(
  `${secretWords}|basic |://|eyJ|-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|sk-|[a-z0-9]{6}\\.[a-z0-9]{16}|-key-data`,
  "i",
);

const beforeWebTokens: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, redacted],
  [/\b(bearer|basic)\s{1,8}[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${redacted}`],
];
const afterWebTokens: readonly [RegExp, string][] = [
  [/(:\/\/)[^\s/?#@"']{1,512}@/g, `$1${redacted}@`],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, redacted],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|sk-)[A-Za-z0-9_-]{10,}/g, redacted],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, redacted],
];

// Too short for a key of its own, and no name beside it: most texts of an object ("TCP", "Always", "spec").
const oneWord = /^[A-Za-z0-9]*$/;

/** The text with everything in it that looks like a secret replaced. */
export function redactText(text: string): string {
  if (text.length < 4 || (text.length < 20 && oneWord.test(text)) || !hint.test(text)) return text;
  let out = text;
  for (const [pattern, instead] of beforeWebTokens) out = out.replace(pattern, instead);
  out = hideWebTokens(out);
  for (const [pattern, instead] of afterWebTokens) out = out.replace(pattern, instead);
  return hideAssigned(out);
}

const flag = /^--?[A-Za-z][\w.-]{0,64}$/;
const takesPasswordWithP = /(?:^|\/)(?:mysql|mysqldump|mysqladmin|mariadb|sshpass)$/;

/** An argument vector: also `--password`, `hunter2` (two elements) and `-phunter2` (mysql's way). */
export function redactArguments(args: readonly string[]): string[] {
  const withP = takesPasswordWithP.test(args[0] ?? "");
  let nextIsSecret = false;
  return args.map((arg) => {
    const isSecret = nextIsSecret;
    nextIsSecret =
      flag.test(arg) && (namesASecret(arg) || (withP && arg === "-p" && (args[0] ?? "").endsWith("sshpass")));
    if (isSecret && !arg.startsWith("--")) return redacted;
    if (withP && arg.length > 2 && arg.startsWith("-p")) return `-p${redacted}`;
    return redactText(arg);
  });
}

/** A request URI: parameters with a secret's name, and the command of an exec as the argument vector that it is. */
export function redactUri(uri: string): string {
  const mark = uri.indexOf("?");
  if (mark < 0) return redactText(uri);
  const params = new URLSearchParams(uri.slice(mark + 1));
  const command = redactArguments(params.getAll("command"));
  const out = new URLSearchParams();
  let position = 0;
  let changed = false;
  for (const [name, value] of params) {
    const safe =
      name === "command" ? (command[position++] ?? redacted) : namesASecret(name) ? redacted : redactText(value);
    changed ||= safe !== value;
    out.append(name, safe);
  }
  // As it was written, where nothing had to be hidden: rules compare with the API server's spelling.
  return changed ? `${redactText(uri.slice(0, mark))}?${out}` : redactText(uri.slice(0, mark)) + uri.slice(mark);
}
