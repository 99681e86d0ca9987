import { parentPort, workerData } from "node:worker_threads";
import { openKernel } from "./kernel/open-kernel.ts";
import { runSensor } from "./sensor-loop.ts";
import type { WorkerOptions } from "./worker-messages.ts";

// The thread that owns the kernel side. The main thread keeps the socket, so that a slow drain never delays a byte.
if (parentPort !== null) runSensor(openKernel, workerData as WorkerOptions, parentPort);
