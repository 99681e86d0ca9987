import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { encodeAck, encodeMessage, Fault, type FilterPlan, MessageReader, messageKinds } from "@atalaya/wire";
import type { Counters } from "./counters.ts";
import { limits } from "./limits.ts";

/** Keeps frames; resolves when all of them are on disk. */
export type KeepFrames = (frames: Buffer[]) => Promise<void>;

/** The Unix socket that collectors write frames to. A frame is acknowledged when it is on disk, in order. */
export class FrameServer {
  readonly #path: string;
  readonly #keep: KeepFrames;
  readonly #counters: Counters;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #plan: FilterPlan | undefined;

  constructor(path: string, keep: KeepFrames, counters: Counters) {
    this.#path = path;
    this.#keep = keep;
    this.#counters = counters;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = limits.collectorsMax;
  }

  /** Throws Fault DATA_UNWRITABLE where the socket can't be made. A stale socket file is replaced. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) =>
        reject(
          new Fault(
            "DATA_UNWRITABLE",
            `The socket ${this.#path} cannot be made: name another with --socket.`,
            {},
            cause,
          ),
        );
      this.#server.on("error", failed);
      try {
        mkdirSync(dirname(this.#path), { recursive: true, mode: 0o750 });
        rmSync(this.#path, { force: true });
      } catch (cause) {
        failed(cause);
        return;
      }
      this.#server.listen(this.#path, () => {
        chmodSync(this.#path, 0o660);
        resolve();
      });
    });
  }

  /** Hands a plan to every collector, and to those that come later; false where it is the one they have. */
  sendFilters(plan: FilterPlan): boolean {
    // A hub that was set up anew counts versions from the start: what it says decides, not its number.
    if (isDeepStrictEqual(plan, this.#plan)) return false;
    this.#plan = plan;
    for (const socket of this.#sockets) socket.write(filtersMessage(plan));
    return true;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new MessageReader();
    let [unwritten, kept] = [0, 0];
    // Two spools sync at their own pace; a count of frames means the first ones, so it follows the order of arrival.
    let before: Promise<void> = Promise.resolve();
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    if (this.#plan !== undefined) socket.write(filtersMessage(this.#plan));
    socket.on("data", (chunk: Buffer) => {
      const messages = reader.push(chunk);
      if (!messages.ok) {
        this.#counters.add("malformed_streams");
        socket.destroy();
        return;
      }
      const frames = messages.value.filter((one) => one.kind === messageKinds.frame).map((one) => one.payload);
      if (frames.length === 0) return;
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      unwritten += bytes;
      if (unwritten > limits.unwrittenBytesMax) socket.pause();
      this.#counters.add("received_frames", frames.length);
      const stored = this.#keep(frames);
      before = Promise.all([before, stored]).then(
        () => {
          unwritten -= bytes;
          kept += frames.length;
          if (!socket.destroyed) socket.write(encodeAck(kept));
          if (unwritten <= limits.unwrittenBytesMax) socket.resume();
        },
        () => {
          // Not on disk, so not acknowledged: the collector keeps it and comes again.
          if (!socket.destroyed) this.#counters.add("unwritable_frames", frames.length);
          socket.destroy();
          throw new Error("an earlier frame is not on disk");
        },
      );
      before.catch(() => {});
    });
  }
}

function filtersMessage(plan: FilterPlan): Buffer {
  return encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(plan)));
}
