export type { Counter, KernelRecord, Task } from "./src/kernel-record.ts";
export type { KernelOptions, KernelSource } from "./src/kernel-source.ts";
export { redactArgv, redactedMark, redactText } from "./src/redact.ts";
export { defaultWatchList } from "./src/watch-list.ts";
