import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { builtInPacks } from "@atalaya/detections";
import { loadRules } from "@atalaya/rules";
import {
  decodeEvents,
  decodeFrame,
  encodeAck,
  encodeMessage,
  MessageReader,
  messageKinds,
  type SensorReport,
} from "@atalaya/wire";
import { processorSeconds } from "../processor-seconds.ts";
import { startRate } from "./native-program.ts";

const collector = fileURLToPath(new URL("../../collector/src/main.ts", import.meta.url));
/** For what no rule asks for to be off its hooks: each takes the kernel a moment, on a busy machine a long one. */
const settledMsMax = 60_000;
const lookMs = 100;
const warmUpSeconds = 5;

/**
 * The collector, watching what the rules that come with Atalaya ask for. Whoever takes its frames acknowledges and
 * forgets them: what a node is cost by the kernel side, the draining, the decoding and the attribution.
 */
export class Watch {
  readonly #folder: string;
  readonly #taker: Server;
  readonly #child: ChildProcess;

  private constructor(folder: string, taker: Server, child: ChildProcess) {
    this.#folder = folder;
    this.#taker = taker;
    this.#child = child;
  }

  /** `enter`: what comes before its command line, as a LimitedGroup has it. */
  static async start(enter: readonly string[] = []): Promise<Watch> {
    const folder = mkdtempSync(join(tmpdir(), "atalaya-bench-"));
    const socket = join(folder, "collector.sock");
    let report: SensorReport | undefined;
    const taker = createServer((peer) =>
      acknowledge(peer, (latest) => {
        report = latest;
      }),
    ).listen(socket);
    await once(taker, "listening");
    const given = ["--disable-warning=ExperimentalWarning", collector, "--socket", socket, "--no-pin"];
    const [file = "", ...args] = [...enter, process.execPath, ...given];
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const [message] = (await once(child, "message")) as [{ type: string; message?: string }];
    if (message.type !== "ready") throw new Error(`the collector does not start: ${message.message}`);
    await settled(() => report);
    // A sensor runs for weeks: what its first seconds cost (compiling what is run often) is not what is asked here.
    await startRate(warmUpSeconds);
    return new Watch(folder, taker, child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Processor time that it has used, in seconds. */
  cpuSeconds(): number {
    return processorSeconds(this.pid);
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
    await new Promise((resolve) => this.#taker.close(resolve));
    rmSync(this.#folder, { recursive: true });
  }
}

/** Until the plan is in force (before, all is asked for) and nothing hangs that it does not ask for. */
async function settled(report: () => SensorReport | undefined): Promise<void> {
  for (let waitedMs = 0; waitedMs < settledMsMax; waitedMs += lookMs) {
    const unasked = report()?.programs.filter((program) => program.unasked === true) ?? [];
    if (unasked.length > 0 && !unasked.some((program) => program.attached)) return;
    await sleep(lookMs);
  }
  throw new Error("the sensor keeps programs hanging that no rule asks for");
}

let planned: Buffer | undefined;

/** The plan of the built-in packs, as the publisher hands it down. */
function plan(): Buffer {
  planned ??= encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(loadRules(builtInPacks()).filterPlan())));
  return planned;
}

/** Takes and forgets; `told` of each report of the sensor. */
function acknowledge(socket: Socket, told: (report: SensorReport) => void): void {
  const reader = new MessageReader();
  let frames = 0;
  socket.write(encodeMessage(messageKinds.resume, Buffer.from(JSON.stringify({ streams: [] }))));
  socket.write(plan());
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    const messages = reader.push(bytes);
    if (!messages.ok) throw new Error(messages.reason);
    const before = frames;
    for (const { kind, payload } of messages.value) {
      if (kind !== messageKinds.frame) continue;
      frames += 1;
      tellReport(payload, told);
    }
    if (frames > before) socket.write(encodeAck(frames));
  });
}

function tellReport(bytes: Buffer, told: (report: SensorReport) => void): void {
  const frame = decodeFrame(bytes);
  if (!frame.ok || frame.value.header.class !== "sensor") return;
  const events = decodeEvents(frame.value.body);
  for (const event of events.ok ? events.value : [])
    if (event.class === "sensor" && event.report !== null) told(JSON.parse(event.report));
}
