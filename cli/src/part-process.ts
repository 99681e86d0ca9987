import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Fault, type FaultCode, faultCodes, type PartMessage } from "@atalaya/wire";
import { partFiles } from "./switchboard.ts";

export type PartName = keyof typeof partFiles;
type Ready = Extract<PartMessage, { type: "ready" }>;

const stopPatienceMs = 5_000;
const restartDelaysMs = [500, 1_000, 2_000, 5_000, 15_000];

/** One part of Atalaya as a child process: started, watched, started again when it dies, stopped. */
export class PartProcess {
  readonly name: PartName;
  readonly #args: string[];
  readonly #log: (line: string) => void;
  #child: ChildProcess | undefined;
  #stopping = false;
  #restarts = 0;

  constructor(name: PartName, args: string[], log: (line: string) => void) {
    this.name = name;
    this.#args = args;
    this.#log = log;
  }

  /** Resolves with the part's ready message; throws the Fault that it reported, or SENSOR_UNAVAILABLE/USAGE on a plain exit. */
  async start(): Promise<Ready> {
    const child = fork(partFiles[this.name], this.#args, {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // A process group of its own: Ctrl-C reaches only us, and we stop the parts in their order.
      detached: true,
    });
    this.#child = child;
    const message = await firstMessage(child);
    if (message.type === "failed") throw new Fault(faultCodeOf(message.code), message.message, { part: this.name });
    child.once("exit", (code, signal) => this.#died(code, signal));
    return message;
  }

  #died(code: number | null, signal: string | null): void {
    if (this.#stopping) return;
    const delay = restartDelaysMs[Math.min(this.#restarts++, restartDelaysMs.length - 1)] ?? 15_000;
    this.#log(`the ${this.name} ended (${signal ?? `status ${code}`}); starting it again in ${delay / 1000} s`);
    setTimeout(() => this.#restart(), delay).unref();
  }

  #restart(): void {
    if (this.#stopping) return;
    this.start().then(
      () => this.#log(`the ${this.name} runs again`),
      (error) => {
        this.#log(error instanceof Error ? error.message : String(error));
        this.#died(1, null);
      },
    );
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const impatient = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs);
    await ended;
    clearTimeout(impatient);
  }
}

function firstMessage(child: ChildProcess): Promise<PartMessage> {
  return new Promise((resolve) => {
    child.once("message", (message) => resolve(message as PartMessage));
    child.once("exit", (code, signal) => {
      resolve({
        type: "failed",
        part: "hub",
        code: "USAGE",
        message: `ended at start (${signal ?? `status ${code}`}); see its log above`,
      });
    });
  });
}

function faultCodeOf(code: string): FaultCode {
  return Object.hasOwn(faultCodes, code) ? (code as FaultCode) : "USAGE";
}
