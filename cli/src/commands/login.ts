import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { Fault, tokenSchema } from "@atalaya/wire";
import { HubClient, loginFile } from "@atalaya/wire/client";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { printLine } from "../print.ts";

const help = `Usage: atalaya login URL --ca FILE [--user NAME]

Signs in to a hub and keeps a token for the other commands (in ${loginFile()}, mode 0600).
The password is asked for on the terminal, or read from standard input.

  --ca FILE     the hub's CA certificate: hub/ca.pem in its data folder
  --user NAME   default admin

Examples:
  atalaya login https://hub.example.com:8443 --ca ./ca.pem
  atalaya login https://127.0.0.1:8443 --ca ~/.local/share/atalaya/hub/ca.pem < password.txt`;

const options = { ca: { type: "string" }, user: { type: "string", default: "admin" } } as const;

export const login: Command = { name: "login", summary: "sign in to a hub", help, run };

async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments("login", args, options);
  const url = positionals[0];
  if (url === undefined || !URL.canParse(url) || !url.startsWith("https:")) {
    throw new Fault("USAGE", "login needs the hub's https address. See: atalaya login --help");
  }
  if (values.ca === undefined)
    throw new Fault("USAGE", "login needs --ca: the hub's ca.pem. See: atalaya login --help");
  const password = process.stdin.isTTY ? await askPassword(values.user) : readFileSync(0, "utf8").split("\n")[0];
  const hub = new HubClient({ url, ca: readFileSync(values.ca, "utf8"), token: undefined });
  const request = { user: values.user, password: password ?? "", name: `${userInfo().username}@${hostname()}` };
  const { token } = await hub.post("/api/v1/tokens", request, tokenSchema);
  const file = loginFile();
  const caFile = join(dirname(file), "ca.pem");
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(caFile, readFileSync(values.ca), { mode: 0o600 });
  writeFileSync(file, JSON.stringify({ url, ca_file: caFile, token }), { mode: 0o600 });
  printLine(`signed in to ${url} as ${values.user}`);
  return 0;
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
