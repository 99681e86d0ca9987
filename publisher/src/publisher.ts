import { join } from "node:path";
import { encodeMessage, messageKinds } from "@atalaya/wire/framing";
import { ClaimDesk } from "./claim-desk.ts";
import { Counters } from "./counters.ts";
import { FrameServer } from "./frame-server.ts";
import { Gate } from "./gate.ts";
import { HubLink } from "./hub/hub-link.ts";
import type { Identity } from "./identity/identity-files.ts";
import { IdentityKeeper, type IdentityOptions } from "./identity/identity-keeper.ts";
import { limits } from "./limits.ts";
import { PullDesk } from "./recorder/pull-desk.ts";
import { Recorder } from "./recorder/recorder.ts";
import { publisherReport } from "./report.ts";
import { Sender } from "./sender.ts";
import { setAsideFirstFormat, takeOverFirstFormat } from "./spool/first-format.ts";
import { Spool } from "./spool/spool.ts";
import { StateKeeper } from "./state-keeper.ts";
import { SyncLoop } from "./sync-loop.ts";

export type PublisherOptions = {
  socket: string;
  spoolFolder: string;
  spoolBytesMax?: number;
  recorderBytesMax?: number;
  hubUrl: string;
  /** `http://HOST:PORT` of a proxy on the way to the hub. */
  proxy?: string | undefined;
  identity: IdentityOptions;
  say: (line: string) => void;
};
export type Publisher = {
  counters: Counters;
  spool: Spool;
  /** Why nothing gets through to the hub; undefined when all does. */
  obstacle(): string | undefined;
  stop(): Promise<void>;
};

/**
 * Socket in, disk, hub out. Life-cycle and reports have a lane and a request of their own, so that a flood of file
 * or network events neither delays them nor takes their room. Throws Fault DATA_UNWRITABLE, or USAGE without any way
 * to an identity; a hub that is away, full, older, or of another mind is no reason to end.
 */
export async function startPublisher(options: PublisherOptions): Promise<Publisher> {
  const { say } = options;
  const counters = new Counters();
  const gate = new Gate();
  const claims = new ClaimDesk();
  const link = new HubLink(options.hubUrl, options.proxy);
  const bytes = options.spoolBytesMax === undefined ? {} : { bytesMax: options.spoolBytesMax };
  const recorder = new Recorder({
    folder: join(options.spoolFolder, "recorder"),
    say,
    ...(options.recorderBytesMax !== undefined && { bytesMax: options.recorderBytesMax }),
  });
  const relieve = () => recorder.giveWay();
  const spool = new Spool({ folder: options.spoolFolder, counters, relieve, say, ...bytes });
  setAsideFirstFormat(options.spoolFolder);
  await spool.open();
  await recorder.open();
  const taken = await takeOverFirstFormat(options.spoolFolder, (frames) => spool.keep(frames));
  if (taken > 0) say(`${taken} frames of an earlier version's spool were taken over`);
  const states: StateKeeper = new StateKeeper(options.spoolFolder, gate, (message) => server.broadcast(message), say);
  const server: FrameServer = new FrameServer({
    path: options.socket,
    counters,
    keep: (frames) => spool.keep(frames),
    recorded: (frames) => recorder.take(frames),
    greeting: () => [resumeMessage(spool), ...states.greeting()],
    confirmed: (payload) => void states.takeConfirmation(payload),
    claimed: (payload, answer) => claims.take(payload, answer),
  });
  let first: Identity | undefined;
  let changed = (identity: Identity): void => {
    first = identity;
  };
  try {
    const keeper = new IdentityKeeper(options.identity, link, gate, (identity) => changed(identity), say);
    // To verify it loads the schemas, which at 60m takes a second: the socket is there before. Nothing is sent until then.
    const opened = states.open(first);
    await server.listen();
    const pulls = new PullDesk({ link, gate, recorder, say });
    const report = () => publisherReport(spool, keeper, recorder);
    const sync = new SyncLoop({ link, gate, keeper, states, claims, pulls, report });
    const parts = { link, gate, keeper, states, counters, settled: () => spool.settled(), say };
    const senders = [spool.lanes.life, spool.lanes.bulk].map((lane) => new Sender(lane, parts));
    changed = (identity) => {
      void states.identified(identity);
      sync.wake();
      for (const sender of senders) sender.retry();
    };
    keeper.start();
    void opened.then(() => {
      sync.start();
      for (const sender of senders) sender.start();
    });
    return {
      counters,
      spool,
      obstacle: () => obstacleOf(gate, keeper, sync),
      async stop() {
        await opened;
        await server.close();
        await Promise.all(senders.map((sender) => sender.drained()));
        await sync.lastWord();
        gate.stop();
        const loops = [...senders, keeper, sync].map((one) => one.stop());
        link.close();
        await Promise.all([...loops, pulls.drained()]);
        await recorder.close();
        await spool.close();
      },
    };
  } catch (error) {
    await server.close();
    await recorder.close();
    await spool.close();
    throw error;
  }
}

function obstacleOf(gate: Gate, keeper: IdentityKeeper, sync: SyncLoop): string | undefined {
  if (keeper.facts === undefined) return "this node is not enrolled yet";
  if (gate.isRevoked) return "the hub revoked this node";
  if (performance.now() - sync.answeredMs <= limits.hubSilentMs) return undefined;
  return "the hub has not answered for a minute; frames wait on disk";
}

function resumeMessage(spool: Spool): Buffer {
  return encodeMessage(messageKinds.resume, Buffer.from(JSON.stringify(spool.resume())));
}
