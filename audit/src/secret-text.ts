// Secrets inside texts: what a person or a program wrote where it does not belong. Every expression is linear: no
// nested repetition, bounded lengths.

export const redacted = "[redacted]";

/** Words that make the value beside them a secret. */
const secretWords =
  "passw(?:or)?d|passwd|passphrase|pwd|secret|token|credential|api[-_.]?key|access[-_.]?key|private[-_.]?key|client[-_.]?key|" +
  "account[-_.]?key|shared[-_.]?key|encryption[-_.]?key|signing[-_.]?key|authorization|cookie|connection[-_.]?string|" +
  "jwt|bearer|sas[-_.]?url|webhook[-_.]?url|dsn";
const secretName = new RegExp(secretWords, "i");

/**
 * Names that hold such a word and no secret: references to one, places, switches, and what a record is decided by
 * (`authorization.k8s.io/decision`).
 */
const harmlessName =
  /(?:name|names|namespace|ref|refs|keyref|path|paths|file|mount|policy|type|kind|class|mode|expirationseconds|resources?)$|^(?:authorization|authentication|pod-security|validation|mutation|audit)\.(?:k8s|kubernetes)\.io\/(?!.*extra)|credential-id$|issued-credential-id$/i;

/** True when a value under this key, flag, variable or parameter is to be hidden. */
export function namesASecret(name: string): boolean {
  return name.length <= 256 && secretName.test(name) && !harmlessName.test(name);
}

const hint = new RegExp(
  `${secretWords}|basic |://|eyJ|-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|sk-|[a-z0-9]{6}\\.[a-z0-9]{16}|-key-data`,
  "i",
);

const inText: readonly [RegExp, string][] = [
  [/-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,32}PRIVATE KEY-----|$)/g, redacted],
  [/\b(bearer|basic)\s{1,8}[A-Za-z0-9._~+/=-]{4,}/gi, `$1 ${redacted}`],
  [/\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, redacted],
  [/(:\/\/)[^\s/?#@"']{1,512}@/g, `$1${redacted}@`],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, redacted],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|sk-)[A-Za-z0-9_-]{10,}/g, redacted],
  [/\b[a-z0-9]{6}\.[a-z0-9]{16}\b/g, redacted],
];

// KEY=value, key: value, "key": "value", --key value. A colon alone is no mark: `system:serviceaccount:token:x`.
const assignment = new RegExp(
  `((?:--?[\\w.-]{0,32})?(?:${secretWords}|-key-data)[\\w.-]{0,64})` +
    `(\\\\{0,2}["']?\\s{0,8}=\\s{0,8}|\\\\{0,2}["']\\s{0,8}:\\s{0,8}|\\s{0,8}:\\s{1,8}|\\s{1,8})` +
    `(\\\\{0,2}"[^"\\n]*"?|'[^'\\n]*'?|[^\\s"',;&}]{1,4096})`,
  "gi",
);

// Too short for a key of its own, and no name beside it: most texts of an object ("TCP", "Always", "spec").
const oneWord = /^[A-Za-z0-9]*$/;

/** The text with everything in it that looks like a secret replaced. */
export function redactText(text: string): string {
  if (text.length < 4 || (text.length < 20 && oneWord.test(text)) || !hint.test(text)) return text;
  let out = text;
  for (const [pattern, instead] of inText) out = out.replace(pattern, instead);
  return out.replace(assignment, (whole, name: string, between: string) => {
    const onlySpace = between.trim() === "";
    if ((onlySpace && !name.startsWith("-")) || !namesASecret(name)) return whole;
    return `${name}${between}${redacted}`;
  });
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
