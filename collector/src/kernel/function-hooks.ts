import type { Addon } from "./addon.ts";
import { mayPreemptKernel } from "./preemption.ts";
import { reasonFrom } from "./reason.ts";

/** Where programs hang that run at the exit of system calls (docs/decisions/0037). */
export type FunctionHooks = {
  /** "" where they hang at the functions of the calls, else why at tracepoints. */
  native: string;
  /** "" where 32-bit calls of a 64-bit kernel are seen, which tracepoints do not tell; else why not. */
  of32Bit: string;
};

/** Calls that nobody waits for, one for each way in. */
const probed = { x64: "__x64_sys_umask", arm64: "__arm64_sys_umask", of32Bit: "__ia32_sys_umask" };

/** Asks the kernel once, by a program that does nothing. `isAllowed` is false where an operator said `--no-function-hooks`. */
export function functionHooks(addon: Pick<Addon, "hookable">, isAllowed: boolean): FunctionHooks {
  if (!isAllowed) return { native: "--no-function-hooks", of32Bit: "--no-function-hooks" };
  const refusal = (name: string) => {
    const outcome = addon.hookable(name);
    return outcome === "" ? "" : `the kernel lets no program hang at ${name}: ${reasonFrom(outcome)}`;
  };
  const native = refusal(process.arch === "arm64" ? probed.arm64 : probed.x64);
  if (native !== "") return { native, of32Bit: native };
  const of32Bit = process.arch === "x64" ? refusal(probed.of32Bit) : "on this architecture nothing is built for them";
  return { native: mayPreemptKernel() ? "the kernel may be preempted in a program at a function" : "", of32Bit };
}

/** For the log, in a sentence's end. */
export function whereCallsAreSeen({ native, of32Bit }: FunctionHooks): string {
  const calls = native === "" ? "calls seen at their functions" : `calls seen at tracepoints (${native})`;
  return of32Bit === "" ? `${calls}, 32-bit ones too` : calls;
}
