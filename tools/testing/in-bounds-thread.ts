import { parentPort, workerData } from "node:worker_threads";

const { module, name, argument } = workerData as { module: string; name: string; argument: unknown };
const called = ((await import(module)) as Record<string, (argument: unknown) => unknown>)[name];
const started = performance.now();
const value = await called?.(argument);
parentPort?.postMessage({ value, tookMs: performance.now() - started });
