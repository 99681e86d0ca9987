import { createConnection, type Socket } from "node:net";
import { decodeAck, encodeMessage, MessageReader, messageKinds, type SocketMessage } from "@atalaya/wire/framing";
import { inventoryLimits } from "./limits.ts";

export type LinkOptions = {
  path: string;
  /** The pod's projected token, read anew for each claim: the kubelet replaces it. Throws where there is none. */
  token(): string;
  say(line: string): void;
};

type Kept = { message: Buffer; sent: boolean };

/**
 * The way to the node's publisher. A claim goes first, on every connection: only when the hub has granted it are frames
 * sent, for what it does not let in is lost. Frames stay here until they are on the publisher's disk, and are sent again
 * on the next connection; how many wait is bounded by those who `send` and then wait for `room`.
 */
export class PublisherLink {
  readonly #options: LinkOptions;
  readonly #kept: Kept[] = [];
  #bytes = 0;
  #answered = 0;
  #socket: Socket | undefined;
  #isConnected = false;
  #isAdmitted = false;
  #isClosed = false;
  #reconnectMs: number = inventoryLimits.reconnectFirstMs;
  #refusedMs: number = inventoryLimits.claimRefusedFirstMs;
  #trouble = "the publisher has not answered yet";
  #lostMs = performance.now();
  #reconnect: NodeJS.Timeout | undefined;
  #claimAgain: NodeJS.Timeout | undefined;
  #waiting: (() => void)[] = [];
  acknowledgedFrames = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Why nothing gets through; undefined when it does, or did a moment ago. */
  get obstacle(): string | undefined {
    if (!this.#isAdmitted) return this.#trouble;
    const isLost = !this.#isConnected && performance.now() - this.#lostMs > inventoryLimits.publisherSilentMs;
    return isLost ? this.#trouble : undefined;
  }

  /** Resolves when the hub lets this node send, and less waits than may. Never rejects; after `close` it resolves at once. */
  async room(): Promise<void> {
    while (!this.#isClosed && !(this.#isAdmitted && this.#bytes < inventoryLimits.unacknowledgedBytesMax))
      await new Promise<void>((done) => void this.#waiting.push(done));
  }

  send(frame: Buffer): void {
    const kept = { message: encodeMessage(messageKinds.frame, frame), sent: false };
    this.#kept.push(kept);
    this.#bytes += kept.message.length;
    this.#flush();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#reconnect);
    clearTimeout(this.#claimAgain);
    this.#socket?.destroySoon();
    this.#wake();
  }

  #connect(): void {
    const reader = new MessageReader();
    const socket = createConnection(this.#options.path);
    this.#socket = socket;
    socket.on("connect", () => this.#connected());
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      if (!messages.ok) socket.destroy();
      else for (const message of messages.value) this.#receive(message);
    });
    socket.on("error", (error: NodeJS.ErrnoException) =>
      this.#troubled(`the publisher at ${this.#options.path} does not answer (${error.code})`),
    );
    socket.on("close", () => this.#lost());
  }

  #connected(): void {
    this.#isConnected = true;
    this.#answered = 0;
    for (const kept of this.#kept) kept.sent = false;
    this.#claim();
    this.#flush();
  }

  #lost(): void {
    if (this.#isClosed) return;
    if (this.#isConnected) this.#lostMs = performance.now();
    this.#isConnected = false;
    clearTimeout(this.#claimAgain);
    this.#reconnect = setTimeout(() => this.#connect(), this.#reconnectMs);
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, inventoryLimits.reconnectMostMs);
  }

  #claim(): void {
    clearTimeout(this.#claimAgain);
    try {
      const token = Buffer.from(JSON.stringify({ token: this.#options.token() }));
      this.#socket?.write(encodeMessage(messageKinds.claim, token));
      if (!this.#isAdmitted) this.#troubled("the hub has not yet said whether this node may send the inventory");
      this.#claimAgain = setTimeout(() => this.#claim(), inventoryLimits.claimAgainMs);
    } catch (error) {
      this.#troubled(error instanceof Error ? error.message : "the token cannot be read");
      this.#claimAgain = setTimeout(() => this.#claim(), inventoryLimits.claimRefusedFirstMs);
    }
  }

  #receive({ kind, payload }: SocketMessage): void {
    if (kind === messageKinds.ack) this.#acknowledged(decodeAck(payload) ?? 0);
    else if (kind === messageKinds.claimed) this.#claimed(payload);
  }

  #acknowledged(frames: number): void {
    for (; this.#answered < frames && this.#kept[0]?.sent; this.#answered++) {
      this.#bytes -= this.#kept.shift()?.message.length ?? 0;
      this.acknowledgedFrames += 1;
    }
    this.#reconnectMs = inventoryLimits.reconnectFirstMs;
    this.#wake();
  }

  #claimed(payload: Buffer): void {
    const { accepted, reason } = replyOf(payload);
    if (accepted) {
      if (!this.#isAdmitted) this.#options.say("the hub takes this cluster's inventory from this node");
      this.#isAdmitted = true;
      this.#refusedMs = inventoryLimits.claimRefusedFirstMs;
      this.#flush();
      this.#wake();
      return;
    }
    this.#isAdmitted = false;
    this.#troubled(`the hub does not take the inventory from this node: ${reason}`);
    clearTimeout(this.#claimAgain);
    this.#claimAgain = setTimeout(() => this.#claim(), this.#refusedMs);
    this.#refusedMs = Math.min(this.#refusedMs * 2, inventoryLimits.claimRefusedMostMs);
  }

  #flush(): void {
    if (!this.#isConnected || !this.#isAdmitted) return;
    for (const kept of this.#kept) {
      if (kept.sent) continue;
      kept.sent = true;
      this.#socket?.write(kept.message);
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done();
  }

  #troubled(why: string): void {
    if (why !== this.#trouble) this.#options.say(why);
    this.#trouble = why;
  }
}

function replyOf(payload: Buffer): { accepted: boolean; reason: string } {
  try {
    const { accepted, reason } = JSON.parse(payload.toString("utf8")) as { accepted?: unknown; reason?: unknown };
    return {
      accepted: accepted === true,
      reason: typeof reason === "string" ? reason.slice(0, 256) : "no reason given",
    };
  } catch {
    return { accepted: false, reason: "its answer cannot be read" };
  }
}
