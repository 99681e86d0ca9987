import type { ProgramResult } from "../run-program.ts";

export const runtimeNames = ["runc", "containerd"] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export type ExecOptions = { timeoutMs?: number; signal?: AbortSignal | undefined };

/** What runs containers from a bundle: a folder with config.json. Every implementation passes the same tests. */
export type ContainerRuntime = {
  name: RuntimeName;
  /** Creates and starts; resolves with the process id of the container's first process. */
  start(id: string, bundle: string): Promise<number>;
  /** Runs a program inside and resolves with its exit status and output. */
  exec(id: string, args: string[], options?: ExecOptions): Promise<ProgramResult>;
  /** Starts a program inside and leaves it running. */
  execDetached(id: string, args: string[]): Promise<void>;
  /** Kills and removes; it is no error when the container is gone. */
  remove(id: string): Promise<void>;
  /** Ends what the runtime itself started (a containerd of our own). */
  close(): Promise<void>;
};
