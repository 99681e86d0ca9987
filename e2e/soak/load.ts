import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { nativeProgram } from "../bench/native-program.ts";
import { loadProgram } from "./native-parts.ts";

/** A process that starts and ends is three events: fork, exec, exit. An open of a watched name is one. */
const eventsPerExec = 3;
const execShare = 0.2;

export type LoadRates = { execsPerSecond: number; opensPerSecond: number };
export type LoadDone = { tag: string; execs: number; opens: number };

/** Steady work on the host: programs that are started with a tag and a number, and opens of a name that rules watch. */
export class Load {
  readonly #tag: string;
  readonly #child: ChildProcess;
  readonly #output: Promise<string>;

  private constructor(rates: LoadRates, tag: string, folder: string) {
    this.#tag = tag;
    const { execsPerSecond, opensPerSecond } = rates;
    // There need not be such a file: the attempt is an event.
    const file = join(folder, ".git-credentials");
    const args = ["86400", String(execsPerSecond), String(opensPerSecond), nativeProgram("nothing"), tag, file];
    this.#child = spawn(loadProgram(), args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#output = collect(this.#child);
  }

  /** So many events a second, as the kernel's programs will submit them. */
  static ofEvents(eventsPerSecond: number, tag: string, folder: string): Load {
    const execsPerSecond = eventsPerSecond * execShare;
    return new Load({ execsPerSecond, opensPerSecond: eventsPerSecond - execsPerSecond * eventsPerExec }, tag, folder);
  }

  static ofRates(rates: LoadRates, tag: string, folder: string): Load {
    return new Load(rates, tag, folder);
  }

  /** Ends it; gives how many of each were done, which the program itself counted. */
  async stop(): Promise<LoadDone> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    const [execs, opens] = (await this.#output).trim().split(" ").map(Number);
    if (execs === undefined || opens === undefined) throw new Error("the load ended without its counts");
    return { tag: this.#tag, execs, opens };
  }
}

async function collect(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const part of child.stdout ?? []) text += part;
  return text;
}
