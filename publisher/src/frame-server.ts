import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { encodeAck, Fault, MessageReader, messageKinds } from "@atalaya/wire/framing";
import type { Counters } from "./counters.ts";
import { limits } from "./limits.ts";
import { FileLock } from "./spool/file-lock.ts";

export type FrameServerOptions = {
  path: string;
  counters: Counters;
  /** Keeps frames; resolves when all of them are on disk. */
  keep(frames: Buffer[]): Promise<void>;
  /** What a collector is told when it connects, as whole messages. */
  greeting(): Buffer[];
  /** Takes frames for the flight recorder: nobody waits for them. */
  recorded(frames: Buffer[]): void;
  /** What a collector says about a state: JSON. */
  confirmed(payload: Buffer): void;
  /** A pod's claim, as JSON, and the way back to it. */
  claimed(payload: Buffer, answer: (message: Buffer) => void): void;
};

/** The Unix socket that collectors write frames to. A frame is acknowledged when it is on disk, in order. */
export class FrameServer {
  readonly #options: FrameServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #lock: FileLock | undefined;

  constructor(options: FrameServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = limits.collectorsMax;
  }

  /**
   * Throws Fault DATA_UNWRITABLE where the socket can't be made, or another publisher listens on it.
   * A socket file that nobody listens on any more is replaced.
   */
  listen(): Promise<void> {
    const { path } = this.#options;
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) =>
        reject(
          new Fault("DATA_UNWRITABLE", `The socket ${path} cannot be made: name another with --socket.`, {}, cause),
        );
      this.#server.on("error", failed);
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
        this.#lock = FileLock.take(`${path}.lock`);
        if (this.#lock === undefined) {
          reject(new Fault("DATA_UNWRITABLE", `Another publisher listens on ${path}: stop that one first.`, { path }));
          return;
        }
        rmSync(path, { force: true });
      } catch (cause) {
        failed(cause);
        return;
      }
      // Made with its mode (listen binds at once), so that there is no moment in which others may write to it.
      const umask = process.umask(0o117);
      this.#server.listen(path, () => {
        chmodSync(path, 0o660);
        resolve();
      });
      process.umask(umask);
    });
  }

  /** To every collector that is connected. */
  broadcast(message: Buffer): void {
    for (const socket of this.#sockets) socket.write(message);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
    this.#lock?.release();
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    for (const message of this.#options.greeting()) socket.write(message);
    new Intake(socket, this.#options).start();
  }
}

/** One collector's stream: messages in, acknowledgements out. */
class Intake {
  readonly #socket: Socket;
  readonly #options: FrameServerOptions;
  readonly #reader = new MessageReader();
  #unwritten = 0;
  #kept = 0;
  #resting = false;
  /** Since the last rest. */
  #readBytes = 0;
  #acknowledging = false;
  // Two lanes sync at their own pace; a count of frames means the first ones, so it follows the order of arrival.
  #before: Promise<void> = Promise.resolve();

  readonly #answer = (message: Buffer): void => {
    if (!this.#socket.destroyed) this.#socket.write(message);
  };

  constructor(socket: Socket, options: FrameServerOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  start(): void {
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    const messages = this.#reader.push(chunk);
    if (!messages.ok) {
      this.#options.counters.add("malformed_streams");
      this.#socket.destroy();
      return;
    }
    const frames: Buffer[] = [];
    const recorded: Buffer[] = [];
    for (const { kind, payload } of messages.value) {
      if (kind === messageKinds.frame) frames.push(payload);
      else if (kind === messageKinds.recorded) recorded.push(payload);
      else if (kind === messageKinds.confirm) this.#options.confirmed(payload);
      else if (kind === messageKinds.claim) this.#options.claimed(payload, this.#answer);
    }
    if (recorded.length > 0) this.#options.recorded(recorded);
    if (frames.length > 0) this.#keep(frames);
    this.#rest(chunk.length);
  }

  #keep(frames: Buffer[]): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    const socket = this.#socket;
    this.#unwritten += bytes;
    this.#options.counters.add("received_frames", frames.length);
    const stored = this.#options.keep(frames);
    this.#before = Promise.all([this.#before, stored]).then(
      () => {
        this.#unwritten -= bytes;
        this.#kept += frames.length;
        this.#acknowledgeSoon();
        if (!this.#resting && this.#unwritten <= limits.unwrittenBytesMax) socket.resume();
      },
      () => {
        // Not on disk, so not acknowledged: the collector keeps it and comes again.
        if (!socket.destroyed) this.#options.counters.add("unwritable_frames", frames.length);
        socket.destroy();
        throw new Error("an earlier frame is not on disk");
      },
    );
    this.#before.catch(() => {});
  }

  /** One write on disk settles several reads at once: they share an acknowledgement. */
  #acknowledgeSoon(): void {
    if (this.#acknowledging) return;
    this.#acknowledging = true;
    setImmediate(() => {
      this.#acknowledging = false;
      if (!this.#socket.destroyed) this.#socket.write(encodeAck(this.#kept));
    });
  }

  /**
   * A collector writes every 10 ms, a frame for each class; to wake up for each costs more than to read it. A chunk
   * that is not full has emptied the socket, so it rests a moment: what comes meanwhile waits in the kernel.
   */
  #rest(bytes: number): void {
    const full = this.#unwritten > limits.unwrittenBytesMax;
    if (full) this.#socket.pause();
    this.#readBytes += bytes;
    if (this.#resting || bytes >= readChunkBytes) return;
    this.#resting = true;
    this.#socket.pause();
    setTimeout(() => {
      this.#resting = false;
      this.#readBytes = 0;
      if (this.#unwritten <= limits.unwrittenBytesMax) this.#socket.resume();
    }, readPauseMs(this.#readBytes));
  }
}

/**
 * How long to rest after so many bytes since the last rest. A socket holds little (100 KiB of small frames, 200 KiB of
 * large ones), and behind one that was nearly full a collector waits to write: with the same rest for all, what waits
 * there would never become less.
 */
export function readPauseMs(bytes: number): number {
  return limits.readPauseMs * Math.min(1, limits.readPauseBytes / bytes);
}

/** What libuv reads at once from a stream. */
const readChunkBytes = 65_536;
