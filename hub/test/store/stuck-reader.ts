import { parentPort } from "node:worker_threads";
import type { FromReader, ToReader } from "../../src/store/reader-thread.ts";

// A reader that never comes back from a query for the workspace `stuck`, as from one that scans too much, and that dies of
// one for `deadly`, as of one that takes more memory than a thread may have.
parentPort?.on("message", ({ call, argument }: ToReader) => {
  const { workspaceId } = argument as { workspaceId: string };
  while (workspaceId === "stuck") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  if (workspaceId === "deadly") throw new Error("this query is deadly");
  const reply: FromReader = { call, value: 7 };
  parentPort?.postMessage(reply);
});
parentPort?.postMessage({ ready: true } satisfies FromReader);
