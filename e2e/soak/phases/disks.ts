import { alertPageSchema, statusSchema } from "@atalaya/wire";
import type { Phase, SoakPlace } from "../phase.ts";
import type { SmallDisk } from "../small-disk.ts";

const refillSeconds = 0.5;

/** Keeps a disk full for a while: what the part gives back in the meantime is taken again. */
async function holdFull(disk: SmallDisk, seconds: number, pause: SoakPlace["pause"]): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  while (performance.now() < until) {
    disk.fill();
    await pause(refillSeconds);
  }
}

/** The spool's disk is full, and has room again. */
export const diskOfPublisher: Phase = {
  name: "disk-publisher",
  what: "the spool's disk is filled to the last byte, and freed",
  mayLose: true,
  async run({ options, stack, spoolDisk, pause, say, check }) {
    await pause(options.holdSeconds / 2);
    const before = stack.publisher.pid;
    say(`full for ${options.holdSeconds} s`);
    await holdFull(spoolDisk, options.holdSeconds, pause);
    spoolDisk.free();
    await pause(options.holdSeconds);
    check("the publisher outlives a full disk", stack.publisher.pid === before, "the same process");
  },
};

/** The hub's disk is full: it takes nothing new and goes on answering; then it has room again. */
export const diskOfHub: Phase = {
  name: "disk-hub",
  what: "the hub's disk is filled to the last byte, and freed",
  mayLose: false,
  async run({ options, stack, hubDisk, pause, say, check }) {
    await pause(options.holdSeconds / 2);
    const before = stack.hub.pid;
    say(`full for ${options.holdSeconds} s`);
    await holdFull(hubDisk, options.holdSeconds, pause);
    const status = await stack.client.get("/api/v1/status", statusSchema);
    check("the hub says that its disk is full", status.writable === false, `writable: ${status.writable}`);
    const page = await stack.client.get("/api/v1/alerts?limit=10", alertPageSchema);
    check("alerts can be read while the disk is full", page.alerts.length > 0, `${page.alerts.length} read`);
    hubDisk.free();
    await pause(options.holdSeconds);
    check("the hub outlives a full disk", stack.hub.pid === before, "the same process");
  },
};
