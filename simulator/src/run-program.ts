import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { Fault } from "@atalaya/wire";
import { limits } from "./limits.ts";

export type ProgramResult = { status: number; stdout: string; stderr: string };

export type ProgramOptions = {
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  env?: NodeJS.ProcessEnv;
  /** What the program reads on standard input; nothing when absent. */
  input?: string;
  /** Called for each line on standard output while the program runs. */
  onOutputLine?: (line: string) => void;
  /** Called for each line on standard error while the program runs. */
  onLine?: (line: string) => void;
  /** Where standard output and error go instead of the result: a program that leaves a daemon behind must not hold our pipes. */
  logTo?: number;
};

/**
 * Runs `file` with `args`, without a shell, and resolves with its exit status and what it printed (each at most 1 MiB).
 * Throws Fault SIMULATION_FAILED when it cannot be started or takes longer than `timeoutMs`, and the signal's reason when aborted.
 */
export async function runProgram(file: string, args: string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  options.signal?.throwIfAborted();
  const output = options.logTo ?? "pipe";
  // In a session of its own: Ctrl-C at the terminal reaches only us, and we decide what ends and in which order.
  const stdio: StdioOptions = [options.input === undefined ? "ignore" : "pipe", output, output];
  const child = spawn(file, args, { stdio, env: options.env ?? process.env, detached: true });
  // A program that ends before it has read everything says why by its status.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.input);
  const stdout = collect(child, "stdout", options.onOutputLine);
  const stderr = collect(child, "stderr", options.onLine);
  const status = await exitOf(child, file, options);
  return { status, stdout: stdout(), stderr: stderr() };
}

/** Like `runProgram`, and throws Fault SIMULATION_FAILED when the exit status is not 0. Returns standard output. */
export async function mustRun(file: string, args: string[], options: ProgramOptions = {}): Promise<string> {
  const result = await runProgram(file, args, options);
  if (result.status === 0) return result.stdout;
  const said = (result.stderr || result.stdout).trim().split("\n").slice(-3).join("; ");
  throw new Fault("SIMULATION_FAILED", `${[file, ...args].join(" ")} ended with status ${result.status}: ${said}`, {
    program: file,
    status: result.status,
  });
}

function exitOf(child: ChildProcess, file: string, options: ProgramOptions): Promise<number> {
  const timeoutMs = options.timeoutMs ?? limits.programMs;
  return new Promise((done, failed) => {
    let wrong: { reason: unknown } | undefined;
    const end = (reason: unknown) => {
      wrong ??= { reason };
      killGroup(child, "SIGTERM");
      setTimeout(() => killGroup(child, "SIGKILL"), limits.programGraceMs).unref();
    };
    const late = () =>
      end(new Fault("SIMULATION_FAILED", `${file} did not end within ${timeoutMs / 1000} s`, { program: file }));
    const timer = setTimeout(late, timeoutMs);
    const aborted = () => end(options.signal?.reason);
    options.signal?.addEventListener("abort", aborted, { once: true });
    const finish = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", aborted);
    };
    child.once("error", (cause) => {
      finish();
      failed(new Fault("SIMULATION_FAILED", `${file} cannot be started (${cause.message})`, { program: file }, cause));
    });
    child.once("close", (status) => {
      finish();
      if (wrong === undefined) done(status ?? 128);
      else failed(wrong.reason);
    });
  });
}

/** The program and all that it started. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has just ended.
  }
}

function collect(child: ChildProcess, name: "stdout" | "stderr", onLine?: (line: string) => void): () => string {
  const parts: Buffer[] = [];
  let bytes = 0;
  let rest = "";
  child[name]?.on("data", (part: Buffer) => {
    if (bytes < limits.programOutputBytesMax) parts.push(part.subarray(0, limits.programOutputBytesMax - bytes));
    bytes += part.length;
    if (onLine === undefined) return;
    const lines = (rest + part.toString("utf8")).split("\n");
    rest = (lines.pop() ?? "").slice(-4096);
    for (const line of lines) onLine(line);
  });
  return () => Buffer.concat(parts).toString("utf8");
}
