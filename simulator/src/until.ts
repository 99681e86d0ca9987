import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "@atalaya/wire";

/**
 * Asks `ready` again and again, every 50 ms, until it says true: for states that the kernel tells nobody about
 * (a listening socket, a file). Throws Fault SIMULATION_FAILED with `what` after `timeoutMs`.
 */
export async function until(
  what: string,
  ready: () => boolean | Promise<boolean>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ready())) {
    signal?.throwIfAborted();
    if (performance.now() > deadline) {
      throw new Fault("SIMULATION_FAILED", `${what} did not happen within ${timeoutMs / 1000} s`);
    }
    await pause(50, undefined, signal === undefined ? {} : { signal });
  }
}
