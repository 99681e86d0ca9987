import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Fault, tokenSchema } from "@atalaya/wire";
import { HubClient, loginFile } from "@atalaya/wire/client";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { durationSeconds, timeText } from "../duration.ts";
import { caByHash } from "../fetch-ca.ts";
import { printLine } from "../print.ts";

const help = `Usage: atalaya login URL --ca FILE|--ca-sha256 HASH [options]

Signs in to a hub and keeps a token for the other commands (in ${loginFile()}, mode 0600).
The password is asked for on the terminal, or read from standard input.

  --ca FILE         the hub's CA certificate: hub/ca.pem in its data folder
  --ca-sha256 HASH  or its SHA-256, as an enrolment token ends with it: the certificate is then fetched and compared
  --user NAME       default admin
  --workspace NAME  default "default"
  --scope SCOPE     the most that the token may do: read, analyst or admin (default: what the account may)
  --valid TIME      how long it is good for: 8h, 30d (default and at most 90d)

Examples:
  atalaya login https://hub.example.com:8443 --ca ./ca.pem --scope read
  atalaya login https://127.0.0.1:8443 --ca ~/.local/share/atalaya/hub/ca.pem < password.txt`;

const options = {
  ca: { type: "string" },
  "ca-sha256": { type: "string" },
  user: { type: "string", default: "admin" },
  workspace: { type: "string" },
  scope: { type: "string" },
  valid: { type: "string" },
} as const;
const scopes = new Map([
  ["read", "viewer"],
  ["viewer", "viewer"],
  ["analyst", "analyst"],
  ["admin", "admin"],
]);

export const login: Command = { name: "login", summary: "sign in to a hub", help, run };

async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments("login", args, options);
  const url = positionals[0];
  if (url === undefined || !URL.canParse(url) || !url.startsWith("https:"))
    throw new Fault("USAGE", "login needs the hub's https address. See: atalaya login --help");
  const scope = values.scope === undefined ? undefined : scopes.get(values.scope);
  if (values.scope !== undefined && scope === undefined)
    throw new Fault("USAGE", "--scope takes read, analyst or admin. See: atalaya login --help");
  const ca = await caOf(url, values.ca, values["ca-sha256"]);
  const password = process.stdin.isTTY ? await askPassword(values.user) : readFileSync(0, "utf8").split("\n")[0];
  const hub = new HubClient({ url, ca, token: undefined });
  const request = {
    ...{ user: values.user, password: password ?? "", name: `${userInfo().username}@${hostname()}` },
    ...(values.workspace === undefined ? {} : { workspace: values.workspace }),
    ...(scope === undefined ? {} : { scope }),
    ...(values.valid === undefined ? {} : { valid_s: durationSeconds("--valid", values.valid) }),
  };
  const made = await hub.post("/api/v1/tokens", request, tokenSchema);
  const file = loginFile();
  const caFile = join(dirname(file), "ca.pem");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writePrivate(caFile, ca);
  writePrivate(file, JSON.stringify({ url, ca_file: caFile, token: made.token }));
  const may = made.role === undefined ? "" : `, may: ${made.role}`;
  printLine(`signed in to ${url} as ${values.user}${may}, until ${timeText(made.expires_us)}`);
  return 0;
}

async function caOf(url: string, file: string | undefined, sha256: string | undefined): Promise<string> {
  if (file !== undefined) return readFileSync(file, "utf8");
  if (sha256 !== undefined) return await caByHash(url, sha256);
  throw new Fault("USAGE", "login needs --ca: the hub's ca.pem, or --ca-sha256. See: atalaya login --help");
}

/** Mode 0600 from the first byte on, also where an earlier file of another mode lies. */
function writePrivate(path: string, text: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
  renameSync(draft, path);
}

/** Asks without showing what is typed. */
async function askPassword(user: string): Promise<string> {
  process.stderr.write(`Password of ${user}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const password = await terminal.question("");
  terminal.close();
  process.stderr.write("\n");
  return password;
}
