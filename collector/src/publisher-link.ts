import { createConnection, type Socket } from "node:net";
import {
  decodeAck,
  decodeFrame,
  encodeMessage,
  type FilterPlan,
  filterPlanSchema,
  MessageReader,
  messageKinds,
  type Resume,
  resumeSchema,
  type SignedState,
  type SocketMessage,
  type StateConfirmation,
  signedStateSchema,
} from "@atalaya/wire";
import { collectorLimits } from "./limits.ts";

export type LinkListener = {
  /** Frames on the publisher's disk, counted from the start. */
  acknowledged(frames: number): void;
  filters(plan: FilterPlan): void;
  state(signed: SignedState): void;
  /** What the publisher has on its disk: its first word on every connection. */
  resume(resume: Resume): void;
  /** From here on frames are written: what the publisher has from before it has said, or keeps to itself. */
  begun?(): void;
  log(line: string): void;
  /** Connected, by this descriptor of a Unix socket. */
  met?(descriptor: number): void;
};

/** `sent` on the present connection; `wasSent` on any: then the publisher may have it. */
type Kept = { frame: Uint8Array; sent: boolean; wasSent: boolean; onDisk: boolean };

/**
 * The way to the publisher: keeps every frame until it is acknowledged, connects again by itself, and then sends
 * again what is not on the publisher's disk. How much waits here is bounded by the sensor's window.
 */
export class PublisherLink {
  readonly #path: string;
  readonly #listener: LinkListener;
  readonly #kept: Kept[] = [];
  /** Of this connection, in the order in which they were sent. */
  readonly #unanswered: Kept[] = [];
  #acknowledged = 0;
  #answered = 0;
  #socket: Socket | undefined;
  #open = false;
  #confirmed: StateConfirmation | undefined;
  #patience: NodeJS.Timeout | undefined;
  #continues = false;
  #failures = 0;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, listener: LinkListener) {
    this.#path = path;
    this.#listener = listener;
    this.#connect();
  }

  get waiting(): number {
    return this.#kept.length;
  }

  send(frame: Uint8Array): void {
    const kept = { frame, sent: false, wasSent: false, onDisk: false };
    this.#kept.push(kept);
    if (this.#open) this.#write(kept);
  }

  /**
   * A frame for the flight recorder: written at once, or left out and false, where the publisher is away or behind. It
   * is not kept for later: what is missing there is told by the frames' numbers.
   */
  record(frame: Uint8Array): boolean {
    const socket = this.#socket;
    if (!this.#open || socket === undefined) return false;
    if (socket.writableLength > collectorLimits.recordedWaitingBytesMax) return false;
    writeMessage(socket, messageKinds.recorded, frame);
    return true;
  }

  /** The rings were read before by another process: the publisher may have what we never sent. */
  continues(): void {
    this.#continues = true;
  }

  /** Tells the publisher that a state is in force or refused, now and on every later connection. */
  confirm(confirmation: StateConfirmation): void {
    this.#confirmed = confirmation;
    if (this.#open) this.#writeConfirmation();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#patience);
    this.#socket?.end();
    this.#socket?.destroySoon();
  }

  #connect(): void {
    const socket = createConnection(this.#path);
    const reader = new MessageReader();
    this.#socket = socket;
    socket.on("connect", () => this.#connected());
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      if (!messages.ok) socket.destroy(new Error(messages.reason));
      else for (const message of messages.value) this.#receive(message);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    socket.on("close", () => this.#lost());
  }

  #connected(): void {
    if (this.#failures >= collectorLimits.reconnectsQuiet) this.#listener.log("the publisher answers again");
    this.#failures = 0;
    this.#meet();
    this.#answered = 0;
    this.#unanswered.length = 0;
    for (const kept of this.#kept) kept.sent = false;
    // What was sent before may be on the publisher's disk: it says so first. An older publisher says nothing.
    if (this.#continues || this.#kept.some((kept) => kept.wasSent))
      this.#patience = setTimeout(() => this.#begin(), collectorLimits.resumePatienceMs);
    else this.#begin();
  }

  #meet(): void {
    const { _handle: handle } = this.#socket as unknown as { _handle?: { fd?: number } };
    if (handle?.fd !== undefined && handle.fd >= 0) this.#listener.met?.(handle.fd);
  }

  #begin(): void {
    clearTimeout(this.#patience);
    if (this.#open || this.#socket === undefined) return;
    this.#open = true;
    if (this.#confirmed !== undefined) this.#writeConfirmation();
    for (const kept of this.#kept) if (!kept.onDisk) this.#write(kept);
    this.#listener.begun?.();
  }

  #write(kept: Kept): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    kept.sent = true;
    kept.wasSent = true;
    this.#unanswered.push(kept);
    writeMessage(socket, messageKinds.frame, kept.frame);
  }

  #writeConfirmation(): void {
    const payload = Buffer.from(JSON.stringify(this.#confirmed));
    this.#socket?.write(encodeMessage(messageKinds.confirm, payload));
  }

  #receive(message: SocketMessage): void {
    if (message.kind === messageKinds.ack) this.#acknowledge(decodeAck(message.payload));
    else if (message.kind === messageKinds.filters) this.#takeFilters(message.payload);
    else if (message.kind === messageKinds.state) this.#takeState(message.payload);
    else if (message.kind === messageKinds.resume) this.#takeResume(message.payload);
  }

  /** `frames` of this connection are on disk. */
  #acknowledge(frames: number | undefined): void {
    if (frames === undefined || !Number.isSafeInteger(frames)) return;
    const count = frames - this.#answered;
    if (count <= 0 || count > this.#unanswered.length) return;
    this.#answered = frames;
    for (const kept of this.#unanswered.splice(0, count)) kept.onDisk = true;
    this.#settle();
  }

  /** Frames leave in their order: one that is on disk waits for those before it. */
  #settle(): void {
    let count = 0;
    while (this.#kept[count]?.onDisk) count += 1;
    if (count === 0) return;
    this.#kept.splice(0, count);
    this.#acknowledged += count;
    this.#listener.acknowledged(this.#acknowledged);
  }

  #takeResume(payload: Buffer): void {
    const resume = resumeSchema.safeParse(parseJson(payload.toString("utf8")));
    if (!resume.success) this.#listener.log("what the publisher says that it has does not have the documented shape");
    else if (!this.#open) {
      const last = new Map(resume.data.streams.map((one) => [streamKey(one), one.lastPosition]));
      for (const kept of this.#kept) {
        const frame = decodeFrame(Buffer.from(kept.frame.buffer, kept.frame.byteOffset, kept.frame.byteLength));
        if (!frame.ok) continue;
        const { header } = frame.value;
        kept.onDisk ||= header.lastPosition <= (last.get(streamKey(header)) ?? -1);
      }
      this.#settle();
    }
    if (resume.success) {
      this.#continues = false;
      this.#listener.resume(resume.data);
    }
    this.#begin();
  }

  #takeState(payload: Buffer): void {
    const signed = signedStateSchema.safeParse(parseJson(payload.toString("utf8")));
    if (signed.success) this.#listener.state(signed.data);
    else this.#listener.log("a state from the publisher was refused: it does not have the documented shape");
  }

  #takeFilters(payload: Buffer): void {
    const plan = filterPlanSchema.safeParse(parseJson(payload.toString("utf8")));
    if (plan.success) this.#listener.filters(plan.data);
    else this.#listener.log("a filter plan from the publisher was refused: it does not have the documented shape");
  }

  #failed(error: NodeJS.ErrnoException): void {
    // At a start the publisher comes a moment later: only a longer silence is worth a line.
    if (++this.#failures !== collectorLimits.reconnectsQuiet || this.#closed) return;
    const why = error.code ?? error.message;
    this.#listener.log(
      `no publisher answers at ${this.#path} (${why}); events wait in the kernel's rings until one does`,
    );
  }

  #lost(): void {
    this.#open = false;
    clearTimeout(this.#patience);
    if (this.#closed) return;
    const { reconnectFirstMs, reconnectLastMs } = collectorLimits;
    const pauseMs = Math.min(reconnectFirstMs * 2 ** Math.min(this.#failures, 16), reconnectLastMs);
    this.#retry = setTimeout(() => this.#connect(), pauseMs);
  }
}

/** Without a copy of the payload. */
function writeMessage(socket: Socket, kind: number, payload: Uint8Array): void {
  const head = Buffer.allocUnsafe(5);
  head.writeUInt32LE(payload.length + 1, 0);
  head[4] = kind;
  socket.cork();
  socket.write(head);
  socket.write(payload);
  socket.uncork();
}

function streamKey(of: Omit<Resume["streams"][number], "lastPosition">): string {
  return `${of.bootId} ${of.layoutHash} ${of.ring} ${of.class}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
