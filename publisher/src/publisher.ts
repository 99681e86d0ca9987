import { readFileSync } from "node:fs";
import { decodeFrame, Fault, type FilterPlan } from "@atalaya/wire";
import { Counters } from "./counters.ts";
import { FrameServer } from "./frame-server.ts";
import { KeptPlan } from "./kept-plan.ts";
import { type HubTarget, Sender } from "./sender.ts";
import { Spool } from "./spool.ts";

export type PublisherOptions = { socket: string; spoolFolder: string; hub: HubTarget; say: (line: string) => void };
export type Publisher = { counters: Counters; stop(): Promise<void> };

/**
 * Socket in, disk, hub out. Life-cycle and reports have a spool and a request of their own, so that a flood of file
 * or network events neither delays them nor takes their room. Throws Fault DATA_UNWRITABLE, or USAGE without a CA.
 */
export async function startPublisher(options: PublisherOptions): Promise<Publisher> {
  refuseUnreadable(options.hub.caFile);
  const counters = new Counters();
  const life = new Spool("life", options.spoolFolder, counters);
  const bulk = new Spool("bulk", options.spoolFolder, counters);
  await life.open();
  await bulk.open();
  const keep = async (frames: Buffer[]): Promise<void> => {
    const [lifeFrames, bulkFrames]: [Buffer[], Buffer[]] = [[], []];
    for (const frame of frames) {
      const header = decodeFrame(frame);
      // A newer collector's frame is kept as it is: the hub decides.
      if (!header.ok && header.code !== "FRAME_VERSION" && header.code !== "FRAME_CLASS")
        counters.add("malformed_frames");
      else if (header.ok && (header.value.header.class === "file" || header.value.header.class === "network"))
        bulkFrames.push(frame);
      else lifeFrames.push(frame);
    }
    const writes: Promise<void>[] = [];
    if (lifeFrames.length > 0) writes.push(life.append(lifeFrames));
    if (bulkFrames.length > 0) writes.push(bulk.append(bulkFrames));
    await Promise.all(writes);
  };
  const server = new FrameServer(options.socket, keep, counters);
  const kept = new KeptPlan(options.spoolFolder);
  const takePlan = (plan: FilterPlan) => {
    if (server.sendFilters(plan)) kept.write(plan, options.say);
  };
  const senders = [life, bulk].map((spool) => new Sender(spool, options.hub, counters, takePlan, options.say));
  const last = kept.read();
  if (last !== undefined) server.sendFilters(last);
  await server.listen();
  for (const sender of senders) sender.start();
  return {
    counters,
    async stop() {
      await server.close();
      await Promise.all(senders.map((sender) => sender.stop()));
      await life.close();
      await bulk.close();
    },
  };
}

/** The credential may come later, and is read at each request; without a CA nothing can be trusted. */
function refuseUnreadable(caFile: string): void {
  try {
    readFileSync(caFile);
  } catch (cause) {
    throw new Fault("USAGE", `The hub's CA ${caFile} cannot be read: name it with --ca.`, { caFile }, cause);
  }
}
