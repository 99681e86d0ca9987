// Secrets in command lines, taken out before anything leaves the process: what stands for one is `<redacted>`.
// Evidence stays: names of users and files, addresses, shell variables ($TOKEN, $(cat …)), base64 blobs.
// Every expression runs in linear time: its repetitions are bounded, because attackers choose the text.

export const redactedMark = "<redacted>";
export type Redacted = { argv: string[]; redacted: number };

type Rule = { find: RegExp; replace: string };

const secretWord =
  "(?:passw(?:or)?d|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)";
/** `--token-file=`, `secretName:`: what follows names a thing, it is not the thing. */
const namesAThing = "(?![A-Za-z0-9_.-]{0,40}(?:file|path|dir|name|ttl|type|stdin|length)[\"']?\\s{0,4}[=:])";
/** `$NAME`, `${NAME}`, `$(command)`: a reference, not the secret. */
const reference = "(?!\\$[({]|\\$[A-Z_][A-Z0-9_]{0,64}(?![A-Za-z0-9]))(?!<redacted>)";
const bareValue = "[^\\s'\"&;|,<>()\\\\]{1,65536}";
const value = `(?:"(?!\\$)[^"]{1,65536}"|'(?!\\$)[^']{1,65536}'|\\\\?["']?${reference}${bareValue})`;

const textRules: readonly Rule[] = [
  {
    find: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
    replace: redactedMark,
  },
  {
    find: new RegExp(
      `(authorization["']?\\s{0,4}[:=]\\s{0,4}["']?(?:(?:bearer|basic|token|digest|negotiate|apikey)\\s{1,4})?)${reference}(?!(?:bearer|basic|token|digest|negotiate|apikey)\\s)${bareValue}`,
      "gi",
    ),
    replace: `$1${redactedMark}`,
  },
  {
    find: new RegExp(
      `((?:x-vault-token|x-api-key|x-auth-token|x-goog-api-key|x-amz-security-token|private-token|job-token|api-key|apikey)["']?\\s{0,4}:\\s{0,4}["']?)${reference}${bareValue}`,
      "gi",
    ),
    replace: `$1${redactedMark}`,
  },
  { find: /((?:set-)?cookie\s{0,4}:\s{0,4})(?!\s|<redacted>|\$)[^'"\r\n]{1,65536}/gi, replace: `$1${redactedMark}` },
  { find: /\b(bearer\s{1,4})(?!<redacted>)[A-Za-z0-9._~+/=-]{8,65536}/gi, replace: `$1${redactedMark}` },
  { find: /\beyJ[A-Za-z0-9_-]{5,16384}\.[A-Za-z0-9_-]{5,65536}(?:\.[A-Za-z0-9_-]{0,16384})?/g, replace: redactedMark },
  { find: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, replace: redactedMark },
  {
    find: /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,255}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|sk[-_](?:live_|test_|proj-|ant-)?[A-Za-z0-9_-]{20,255}|hv[sbr]\.[A-Za-z0-9_-]{20,512}|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}|dckr_pat_[A-Za-z0-9_-]{20,255}|ya29\.[A-Za-z0-9_-]{20,1024})/g,
    replace: redactedMark,
  },
  {
    find: /([A-Za-z][A-Za-z0-9+.-]{1,20}:\/\/[^\s/:@'"]{0,128}:)(?!<redacted>@|\$)[^\s/@'"]{1,512}@/g,
    replace: `$1${redactedMark}@`,
  },
  { find: /(:\/\/)[A-Za-z0-9_-]{20,256}(?=@)/g, replace: `$1${redactedMark}` },
  {
    find: new RegExp(`(${secretWord}${namesAThing}[A-Za-z0-9_.-]{0,40}["']?\\s{0,4}=\\s{0,4})${value}`, "gi"),
    replace: `$1${redactedMark}`,
  },
  {
    find: new RegExp(
      `((?<![/.])\\b[A-Za-z0-9_-]{0,40}${secretWord}${namesAThing}[A-Za-z0-9_.-]{0,40}\\\\?["']?:\\s{0,4})${value}`,
      "gi",
    ),
    replace: `$1${redactedMark}`,
  },
  { find: /((?<![A-Za-z])pwd\s?=\s?)(?!\/|<redacted>|\$)[^\s'"&;|,]{1,4096}/gi, replace: `$1${redactedMark}` },
  { find: /(\bpass:)(?!<redacted>|\$)[^\s'"]{1,4096}/g, replace: `$1${redactedMark}` },
  { find: /(--from-literal[= ][^=\s]{1,256}=)(?!<redacted>|\$)[^\s'"]{1,65536}/g, replace: `$1${redactedMark}` },
  {
    find: new RegExp(`((?:^|\\s)--?[A-Za-z0-9_.-]{0,40}${secretWord}\\s{1,4})(?!-)["']?${reference}${bareValue}`, "gi"),
    replace: `$1${redactedMark}`,
  },
];

/** For a command line inside one argument: `sh -c "mysql -psecret …"`. */
const shellRules: readonly Rule[] = [
  {
    find: /\b((?:mysql|mariadb|mysqldump|mysqladmin|mongo|mongosh)\b[^|;&\n]{0,400}?\s-p)(?!<redacted>|\$|\s)[^\s'"]{1,4096}/g,
    replace: `$1${redactedMark}`,
  },
  {
    find: /\b(sshpass\s{1,4}-p\s{0,4})(?!<redacted>|\$)(?:"[^"]{1,4096}"|'[^']{1,4096}'|[^\s'"]{1,4096})/g,
    replace: `$1${redactedMark}`,
  },
  { find: /\b(redis-cli\b[^|;&\n]{0,400}?\s-a\s{1,4})(?!<redacted>|\$)[^\s'"]{1,4096}/g, replace: `$1${redactedMark}` },
  {
    find: /((?:\s-u\s{0,4}|\s--(?:proxy-)?user[= ]|\s-U\s{0,4})["']?[^\s:'"]{1,128}:)(?!<redacted>|\$|\/)[^\s'"]{1,4096}/g,
    replace: `$1${redactedMark}`,
  },
];

const worthALook =
  /pass|pwd|secret|token|key|auth|bearer|cookie|credential|literal|eyJ|AKIA|ASIA|:\/\/|gh[pousr]_|github_pat|glpat|xox|sk[-_]|hv[sbr]\.|AIza|npm_|dckr|ya29/i;
const shellWorthALook = /mysql|mariadb|mongo|redis-cli|curl|http/;

/** Options of a program whose value, attached or in the next argument, is a secret (or user:secret). */
type ProgramRule = { attached?: RegExp; next?: RegExp; user?: RegExp };
const databases: ProgramRule = { attached: /^-p(?=.)/ };
const login: ProgramRule = { attached: /^-p(?=.)/, next: /^-p$/ };
const web: ProgramRule = {
  user: /^(?:-u|-U|--user|--proxy-user)(?:=|$|(?=[^-=]))/,
  next: /^(?:-b|--cookie|--oauth2-bearer)$/,
};
const programRules = new Map<string, ProgramRule>([
  ...["mysql", "mariadb", "mysqldump", "mysqladmin", "mysqlimport", "mysqlsh", "mycli"].map(
    (name) => [name, databases] as const,
  ),
  ...[
    "sshpass",
    "mongo",
    "mongosh",
    "mongodump",
    "docker",
    "podman",
    "nerdctl",
    "helm",
    "oc",
    "az",
    "buildah",
    "skopeo",
  ].map((name) => [name, login] as const),
  ["redis-cli", { next: /^-a$/ }],
  ["ldapsearch", { next: /^-w$/, attached: /^-w(?=.)/ }],
  ["ldapmodify", { next: /^-w$/, attached: /^-w(?=.)/ }],
  ["ipmitool", { next: /^-P$/, attached: /^-P(?=.)/ }],
  ["useradd", { next: /^-p$/ }],
  ["usermod", { next: /^-p$/ }],
  ["curl", web],
  ["http", { user: /^(?:-a|--auth)(?:=|$|(?=[^-=]))/ }],
  ["https", { user: /^(?:-a|--auth)(?:=|$|(?=[^-=]))/ }],
  ["smbclient", { user: /^(?:-U|--user)(?:=|$|(?=[^-=]))/ }],
]);

const secretOption = new RegExp(
  `^--?[A-Za-z0-9_.-]{0,60}(?:${secretWord}|-pass)$|^--?(?:pass|oauth2-bearer|auth-key|secret-key)$`,
  "i",
);
const fromLiteral = /^([^=]{1,256}=)[\s\S]+$/;

/**
 * The argument vector without its secrets; `redacted` counts the arguments that were changed.
 * An argument list that holds none comes back as it is. Never throws; applying it twice changes nothing more.
 */
export function redactArgv(argv: readonly string[]): Redacted {
  const out: string[] = [];
  const program = programRules.get(baseName(argv[0] ?? ""));
  let redacted = 0;
  for (const [i, argument] of argv.entries()) {
    let clean = redactText(argument);
    if (i > 0) clean = redactByOption(argv[i - 1] as string, argument, clean, program);
    if (clean !== argument) redacted += 1;
    out.push(clean);
  }
  return { argv: out, redacted };
}

/** One text without its secrets. */
export function redactText(text: string): string {
  let clean = text;
  const spaced = text.includes(" ") && shellWorthALook.test(text);
  if (!spaced && !worthALook.test(text)) return text;
  for (const rule of textRules) clean = clean.replace(rule.find, rule.replace);
  if (spaced || clean.includes("sshpass"))
    for (const rule of shellRules) clean = clean.replace(rule.find, rule.replace);
  return clean;
}

function redactByOption(before: string, argument: string, clean: string, program: ProgramRule | undefined): string {
  if (argument === redactedMark) return argument;
  const valueIsReference = argument.startsWith("$(") || argument.startsWith("-") || argument === "";
  if (!valueIsReference && secretOption.test(before)) return redactedMark;
  if (before === "--from-literal") return clean.replace(fromLiteral, `$1${redactedMark}`);
  if (program === undefined) return clean;
  if (program.next?.test(before) && !valueIsReference) return redactedMark;
  if (program.user !== undefined && !argument.startsWith("-") && endsWithOption(program.user, before))
    return withoutPassword(clean, 0);
  const attached = program.attached?.exec(argument);
  if (attached) return `${attached[0]}${redactedMark}`;
  const user = argument.startsWith("-") ? program.user?.exec(argument) : null;
  return user && user[0].length < argument.length ? withoutPassword(clean, user[0].length) : clean;
}

/** The option stands alone: its value is the next argument. */
function endsWithOption(option: RegExp, argument: string): boolean {
  return option.exec(argument)?.[0] === argument;
}

/** `user:secret` or Samba's `user%secret`, from an offset on. */
function withoutPassword(text: string, from: number): string {
  for (let i = from; i < text.length; i++) {
    if (text[i] === ":" || text[i] === "%") return `${text.slice(0, i + 1)}${redactedMark}`;
  }
  return text;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
