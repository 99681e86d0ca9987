import { createConnection, type Socket } from "node:net";
import {
  decodeAck,
  type FilterPlan,
  filterPlanSchema,
  MessageReader,
  messageKinds,
  type SocketMessage,
} from "@atalaya/wire";
import { collectorLimits } from "./limits.ts";

export type LinkListener = {
  /** Frames on the publisher's disk, counted from the start. */
  acknowledged(frames: number): void;
  filters(plan: FilterPlan): void;
  log(line: string): void;
};

/**
 * The way to the publisher: keeps every frame until it is acknowledged, connects again by itself, and then sends
 * again what was not. How much waits here is bounded by the sensor's window.
 */
export class PublisherLink {
  readonly #path: string;
  readonly #listener: LinkListener;
  readonly #kept: Uint8Array[] = [];
  #acknowledged = 0;
  #acknowledgedBefore = 0;
  #socket: Socket | undefined;
  #open = false;
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
    this.#kept.push(frame);
    if (this.#open) this.#write(frame);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.end();
    this.#socket?.destroySoon();
  }

  #connect(): void {
    const socket = createConnection(this.#path);
    const reader = new MessageReader();
    this.#socket = socket;
    socket.on("connect", () => this.#opened());
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      if (!messages.ok) socket.destroy(new Error(messages.reason));
      else for (const message of messages.value) this.#receive(message);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    socket.on("close", () => this.#lost());
  }

  #opened(): void {
    this.#open = true;
    if (this.#failures >= collectorLimits.reconnectsQuiet) this.#listener.log("the publisher answers again");
    this.#failures = 0;
    // Acknowledgements count from the connection's start.
    this.#acknowledgedBefore = this.#acknowledged;
    for (const frame of this.#kept) this.#write(frame);
  }

  #write(frame: Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const head = Buffer.allocUnsafe(5);
    head.writeUInt32LE(frame.length + 1, 0);
    head[4] = messageKinds.frame;
    socket.cork();
    socket.write(head);
    socket.write(frame);
    socket.uncork();
  }

  #receive(message: SocketMessage): void {
    if (message.kind === messageKinds.ack) this.#acknowledge(decodeAck(message.payload));
    else if (message.kind === messageKinds.filters) this.#takeFilters(message.payload);
  }

  #acknowledge(frames: number | undefined): void {
    if (frames === undefined || !Number.isSafeInteger(frames)) return;
    const total = this.#acknowledgedBefore + frames;
    const count = total - this.#acknowledged;
    if (count <= 0 || count > this.#kept.length) return;
    this.#kept.splice(0, count);
    this.#acknowledged = total;
    this.#listener.acknowledged(total);
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
    if (this.#closed) return;
    const { reconnectFirstMs, reconnectLastMs } = collectorLimits;
    const pauseMs = Math.min(reconnectFirstMs * 2 ** Math.min(this.#failures, 16), reconnectLastMs);
    this.#retry = setTimeout(() => this.#connect(), pauseMs);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
