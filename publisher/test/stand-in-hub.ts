// A hub of the wire's contract over real HTTPS with a CA of its own, and frames to send to it.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import {
  blankEvent,
  decodeAck,
  decodeFrames,
  EventEncoder,
  encodeFrame,
  encodeMessage,
  type Frame,
  MessageReader,
  messageKinds,
  type SocketMessage,
} from "@atalaya/wire";

export type Files = { ca: string; credential: string; key: string; certificate: string };

/** A CA and a server certificate for 127.0.0.1, made by openssl; and a credential file. */
export function makeFiles(folder: string): Files {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test CA");
  openssl("req", ...newKey, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=hub");
  writeFileSync(at("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost");
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-out",
    "server.pem",
    "-days",
    "2",
    "-extfile",
    "names",
  );
  writeFileSync(at("credential"), "secret-of-the-sensor\n");
  return { ca: at("ca.pem"), credential: at("credential"), key: at("server.key"), certificate: at("server.pem") };
}

type Reply = { status: number; headers?: Record<string, string>; body?: unknown };

/** Answers each request by `reply`; keeps the frames of those that it answered with 200. */
export class StandInHub {
  readonly frames: Frame[] = [];
  readonly requests: { atMs: number; frames: number; protocol: string; authorization: string | undefined }[] = [];
  reply: (frames: readonly Frame[]) => Reply = (frames) => ({
    status: 200,
    body: { accepted: frames.length, duplicates: 0 },
  });
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  constructor(files: Files) {
    const tls = { key: readFileSync(files.key), cert: readFileSync(files.certificate) };
    this.#server = createServer(tls, (request, response) => void this.#answer(request, response));
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves after the request that makes `condition` true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get positions(): number[] {
    return this.frames.map((frame) => frame.header.firstPosition);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const frames = decodeFrames(zstdDecompressSync(Buffer.concat(parts)));
    if (!frames.ok) throw new Error(frames.reason);
    const socket = request.socket as unknown as { getProtocol(): string };
    this.requests.push({
      atMs: performance.now(),
      frames: frames.value.length,
      protocol: socket.getProtocol(),
      authorization: request.headers.authorization,
    });
    const reply = this.reply(frames.value);
    if (reply.status === 200) this.frames.push(...frames.value);
    response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
    response.end(JSON.stringify(reply.body ?? {}));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** One frame of `count` events whose first ring position is `position`. */
export function frame(position: number, name: "process" | "file" = "process", count = 1): Buffer {
  const encoder = new EventEncoder();
  for (let i = 0; i < count; i++) {
    const event = {
      ...blankEvent(name),
      activity: name === "process" ? "exec" : "open",
      position: position + i,
      name: "sh",
    };
    encoder.add(event as Parameters<EventEncoder["add"]>[0]);
  }
  const span = { firstPosition: position, lastPosition: position + count - 1, firstTimeUs: 1, lastTimeUs: 2 };
  const origin = {
    bootId: "0".repeat(32),
    layoutHash: "1".repeat(16),
    node: "n",
    cluster: "c",
    containerId: "",
    workspace: "",
  };
  return encodeFrame(
    { class: name, ring: name === "process" ? 0 : 1, eventCount: count, ...span, ...origin },
    encoder.bytes(),
  );
}

/** The collector's end of the socket. */
export class StandInCollector {
  acknowledged = 0;
  readonly plans: unknown[] = [];
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
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new StandInCollector(socket);
  }

  send(...frames: Buffer[]): void {
    for (const one of frames) this.#socket.write(encodeMessage(messageKinds.frame, one));
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(message: SocketMessage): void {
    if (message.kind === messageKinds.ack) this.acknowledged = decodeAck(message.payload) ?? this.acknowledged;
    else this.plans.push(JSON.parse(message.payload.toString("utf8")));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
