import { createConnection, type Socket } from "node:net";
import {
  decodeAck,
  encodeMessage,
  MessageReader,
  messageKinds,
  type Resume,
  resumeSchema,
  type SignedState,
  type SocketMessage,
} from "@atalaya/wire";

/** The collector's end of the socket. */
export class StandInCollector {
  acknowledged = 0;
  readonly plans: unknown[] = [];
  readonly states: SignedState[] = [];
  readonly kinds: number[] = [];
  resume: Resume | undefined;
  closed = false;
  readonly #socket: Socket;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new MessageReader();
    socket.on("data", (bytes: Buffer) => {
      const messages = reader.push(bytes);
      if (messages.ok) for (const message of messages.value) this.#receive(message);
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(path: string): Promise<StandInCollector> {
    const socket = createConnection(path);
    const made = new StandInCollector(socket);
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    await made.until(() => made.resume !== undefined);
    return made;
  }

  send(...frames: Buffer[]): void {
    this.#socket.write(Buffer.concat(frames.map((one) => encodeMessage(messageKinds.frame, one))));
  }

  confirm(answer: unknown): void {
    this.#socket.write(encodeMessage(messageKinds.confirm, Buffer.from(JSON.stringify(answer))));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Also resolves when the stream ends: look at `closed`. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(message: SocketMessage): void {
    this.kinds.push(message.kind);
    if (message.kind === messageKinds.ack) {
      this.acknowledged = decodeAck(message.payload) ?? this.acknowledged;
      return;
    }
    const value: unknown = JSON.parse(message.payload.toString("utf8"));
    if (message.kind === messageKinds.resume) this.resume = resumeSchema.parse(value);
    else if (message.kind === messageKinds.filters) this.plans.push(value);
    else if (message.kind === messageKinds.state) this.states.push(value as SignedState);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
