import { Worker } from "node:worker_threads";

/**
 * Calls `name(argument)` of a module in a thread of its own, and gives what it gives and how long it took. Rejects where
 * it needs more memory than `heapMiB` (the thread's own limit, kept by the engine) or more time than `ms`.
 */
export function inBounds<T>(
  module: URL,
  name: string,
  argument: unknown,
  { heapMiB, ms }: { heapMiB: number; ms: number },
): Promise<{ value: T; tookMs: number }> {
  const worker = new Worker(new URL("./in-bounds-thread.ts", import.meta.url), {
    workerData: { module: module.href, name, argument },
    resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: 16 },
  });
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`${name}(${JSON.stringify(argument)}) took more than ${ms} ms`));
      void worker.terminate();
    }, ms);
    worker.on("message", resolve);
    worker.on("error", reject);
    worker.on("exit", () => clearTimeout(late));
  });
}
