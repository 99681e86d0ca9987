import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../stack.ts";

const run = promisify(execFile);
const programs = {
  "/usr/bin/redis-server": "redis-server",
  "/usr/bin/redis-benchmark": "redis-tools",
  "/usr/sbin/nginx": "nginx-light",
  "/usr/bin/wrk": "wrk",
} as const;

/** Server and client have a processor each: where the scheduler puts them would be most of what one run differs from the next. */
const pinned = (processor: 0 | 1, program: string, args: readonly string[]): [string, string[]] => [
  "/usr/bin/taskset",
  ["--cpu-list", `${processor}`, program, ...args],
];

/** What other people's programs do beside the sensor: a Redis and an nginx of our own on loopback, and their load. */
export class Servers {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  readonly #redisPort: number;
  readonly #nginxPort: number;

  private constructor(folder: string, redisPort: number, nginxPort: number) {
    this.#folder = folder;
    this.#redisPort = redisPort;
    this.#nginxPort = nginxPort;
  }

  static async start(): Promise<Servers> {
    const missing = Object.entries(programs).filter(([path]) => !existsSync(path));
    if (missing.length > 0)
      throw new Error(
        `missing: apt-get install ${missing.map(([, name]) => name).join(" ")} (and see that none of them is left running)`,
      );
    const made = new Servers(mkdtempSync(join(tmpdir(), "atalaya-bench-")), await freePort(), await freePort());
    made.#start("/usr/bin/redis-server", [
      "--port",
      `${made.#redisPort}`,
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--dir",
      made.#folder,
    ]);
    made.#start("/usr/sbin/nginx", ["-p", made.#folder, "-e", "stderr", "-c", made.#nginxFile()]);
    for (const port of [made.#redisPort, made.#nginxPort]) await answers(port);
    return made;
  }

  /** GET requests a second of fifty clients. */
  async redis(): Promise<number> {
    const args = ["-h", "127.0.0.1", "-p", `${this.#redisPort}`, "-t", "get", "-n", "40000", "--csv"];
    const { stdout } = await run(...pinned(1, "/usr/bin/redis-benchmark", args));
    const rate = /^"GET","([\d.]+)"/m.exec(stdout)?.[1];
    if (rate === undefined) throw new Error(`redis-benchmark gave no rate: ${stdout}`);
    return Number(rate);
  }

  /** Requests a second for a file of 1 KiB, on 16 kept connections. */
  async nginx(): Promise<number> {
    const args = ["-t1", "-c16", "-d1s", `http://127.0.0.1:${this.#nginxPort}/file`];
    const { stdout } = await run(...pinned(1, "/usr/bin/wrk", args));
    const rate = /^Requests\/sec:\s+([\d.]+)/m.exec(stdout)?.[1];
    if (rate === undefined || /Non-2xx/.test(stdout)) throw new Error(`wrk gave no rate: ${stdout}`);
    return Number(rate);
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
    rmSync(this.#folder, { recursive: true });
  }

  #start(program: string, args: string[]): void {
    this.#children.push(spawn(...pinned(0, program, args), { stdio: ["ignore", "ignore", "inherit"] }));
  }

  /** One worker, which opens and closes the file for each request, as nginx does by default; and no log. */
  #nginxFile(): string {
    const pages = join(this.#folder, "pages");
    mkdirSync(pages);
    writeFileSync(join(pages, "file"), "x".repeat(1024));
    const file = join(this.#folder, "nginx.conf");
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${join(this.#folder, name)};`,
    );
    writeFileSync(
      file,
      `daemon off; user root; worker_processes 1; pid ${join(this.#folder, "nginx.pid")};
       events { worker_connections 64; }
       http { access_log off; keepalive_requests 1000000; ${temporary.join(" ")}
              server { listen 127.0.0.1:${this.#nginxPort}; root ${pages}; } }`,
    );
    return file;
  }
}

async function answers(port: number): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await new Promise((resolve) =>
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false)),
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`nobody answers on port ${port}`);
}
