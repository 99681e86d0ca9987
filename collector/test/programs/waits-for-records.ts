// A thread that opens the kernel side and waits for records, until it is ended.
import { parentPort, workerData } from "node:worker_threads";
import { openKernel } from "../../src/kernel/open-kernel.ts";

const source = openKernel(workerData);
source.whenFilled(1, 600_000, function again() {
  for (const ring of ["bulk", "lifecycle"] as const) source.drain(ring);
  source.whenFilled(1, 600_000, again);
});
setInterval(() => undefined, 1_000);
parentPort?.postMessage("waits");
