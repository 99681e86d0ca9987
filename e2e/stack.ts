import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { HubClient } from "@atalaya/wire/client";

const main = fileURLToPath(new URL("../cli/src/main.ts", import.meta.url));
const startPatienceMs = 60_000;
const stopPatienceMs = 20_000;

/** A whole Atalaya on this machine (`atalaya up`) with a data folder and a port of its own. */
export type Stack = {
  url: string;
  dataFolder: string;
  password: string;
  client: HubClient;
  /** From the start of the process to its last ready line, in milliseconds. */
  readyMs: number;
  /** What it printed so far. */
  lines: readonly string[];
  process: ChildProcess;
  /** Stops with Ctrl-C's signal; gives the exit status. The data folder goes unless `keepData`. */
  stop(): Promise<number>;
};

export type StackOptions = {
  sensor?: boolean;
  dataFolder?: string;
  rules?: string[];
  auditLog?: string;
  enforce?: string;
  keepData?: boolean;
};

/** Starts one and resolves when it says that it is ready; throws with its output when it ends before. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), "atalaya-stack-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const args = ["--disable-warning=ExperimentalWarning", main, "up", "--data", dataFolder, "--listen", listen];
  if (options.sensor === false) args.push("--no-sensor");
  for (const file of options.rules ?? []) args.push("--rules", file);
  if (options.auditLog !== undefined) args.push("--audit-log", options.auditLog);
  if (options.enforce !== undefined) args.push("--enforce", options.enforce);
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const lines: string[] = [];
  const ended = new Promise<number>((resolve) => child.on("exit", (code, signal) => resolve(signal ? 1 : (code ?? 1))));
  await ready(child, lines, ended);
  const readyMs = performance.now() - started;
  return {
    url: `https://${listen}`,
    dataFolder,
    password: /password (\S+)/.exec(lines.join("\n"))?.[1] ?? "",
    client: HubClient.fromFile(join(dataFolder, "client.json")),
    readyMs,
    lines,
    process: child,
    async stop() {
      child.kill("SIGINT");
      const impatient = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs);
      const status = await ended;
      clearTimeout(impatient);
      if (options.keepData !== true) rmSync(dataFolder, { recursive: true, force: true });
      return status;
    },
  };
}

function ready(child: ChildProcess, lines: string[], ended: Promise<number>): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`atalaya up ${why}:\n${lines.join("\n")}`));
    const impatient = setTimeout(() => {
      child.kill("SIGKILL");
      fail("was not ready in time");
    }, startPatienceMs);
    if (child.stderr === null) throw new Error("stderr is piped");
    createInterface({ input: child.stderr }).on("line", (line) => {
      lines.push(line);
      if (!line.includes("Ctrl-C stops everything")) return;
      clearTimeout(impatient);
      resolve();
    });
    void ended.then((code) => {
      clearTimeout(impatient);
      fail(`ended with status ${code}`);
    });
  });
}

/** A port of the loopback interface that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
