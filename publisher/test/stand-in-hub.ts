// A hub of the wire's contract over real HTTPS: it looks at what the real one looks at.
import { X509Certificate } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import {
  type DesiredState,
  decodeFrames,
  emptyFilterPlan,
  enrolRequestSchema,
  type Frame,
  type NodeName,
  readNodeUri,
  renewRequestSchema,
  type SyncRequest,
  signState,
  syncRequestSchema,
} from "@atalaya/wire";
import { type Authority, type Life, names } from "./stand-in-authority.ts";

export type Reply = { status: number; headers?: Record<string, string>; body?: unknown };
type Seen = { atMs: number; frames: number; protocol: string; node: string; pieces: number; bytes: number };

const taken = (): Reply => ({ status: 200, body: { accepted: 0, duplicates: 0 } });
const fault = (status: number, code: string): Reply => ({ status, body: { code, message: `refused: ${code}` } });

/** Answers each request by `reply`; keeps the frames of those that it answered with 200. */
export class StandInHub {
  /** What was committed, in the order of arrival; frames that come again are counted apart, as the hub does. */
  readonly frames: Frame[] = [];
  readonly requests: Seen[] = [];
  readonly syncs: SyncRequest[] = [];
  readonly tokens = new Set<string>();
  repeated = 0;
  /** False: only the counts of frames are kept, not the frames. */
  keepFrames = true;
  enrolled = 0;
  renewed = 0;
  revoked = false;
  /** So long a sync is held at most: less than was asked for, so that reports follow each other. */
  holdMsMost = 200;
  life: () => Life = () => ({});
  state: DesiredState | undefined;
  reply: (frames: readonly Frame[]) => Reply | Promise<Reply> = taken;
  events = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #authority: Authority;
  #server: Server | undefined;
  #waiting: (() => void)[] = [];

  constructor(authority: Authority) {
    this.#authority = authority;
  }

  async listen(port = 0, life: Life = {}): Promise<number> {
    const tls = { ...(await this.#authority.server(life)), ca: this.#authority.pem, minVersion: "TLSv1.3" } as const;
    const options = { ...tls, requestCert: true, rejectUnauthorized: false };
    const server = createServer(options, (request, response) => void this.#answer(request, response));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  }

  /** Resolves after the request that makes `condition` true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  get positions(): number[] {
    return this.frames.map((frame) => frame.header.firstPosition);
  }

  /** A state of the next version for the node, and those who wait for it are answered. */
  want(change: Partial<DesiredState>): void {
    const version = (this.state?.version ?? 0) + 1;
    const base = { issued_us: Date.now() * 1_000, revoked: false, filters: emptyFilterPlan, ...names };
    this.state = { ...base, ...this.state, version, ...change };
    this.#wake();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const reply = await this.#route(request, body).catch((error: Error): Reply => {
      process.stderr.write(`stand-in hub: ${error.stack}\n`);
      return { status: 500, body: {} };
    });
    response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers });
    response.end(JSON.stringify(reply.body ?? {}));
    this.#wake();
  }

  async #route(request: IncomingMessage, body: Buffer): Promise<Reply> {
    if (request.url === "/v1/ca") return { status: 200, body: { ca: this.#authority.pem } };
    if (request.url === "/v1/enroll") return this.#enrol(body);
    const node = this.#nodeOf(request);
    if (node === undefined) return fault(401, "CREDENTIAL_MISSING");
    if (this.revoked) return fault(403, "CREDENTIAL_REVOKED");
    if (request.url === "/v1/enroll/renew") return this.#renew(node, body);
    if (request.url === "/v1/sync") return this.#sync(body);
    if (request.url === "/v1/ingest") return this.#ingest(request, body, node);
    return fault(404, "NOT_FOUND");
  }

  /** By the certificate, as the real hub does: it was signed by our CA, and an expired one renews for a week. */
  #nodeOf(request: IncomingMessage): NodeName | undefined {
    const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
    const ca = new X509Certificate(this.#authority.pem);
    if (certificate === undefined || !certificate.checkIssued(ca) || !certificate.verify(ca.publicKey))
      return undefined;
    const graceMs = request.url === "/v1/enroll/renew" ? 7 * 86_400_000 : 0;
    if (Date.now() > certificate.validToDate.getTime() + graceMs) return undefined;
    return readNodeUri(/URI:(\S+)/.exec(certificate.subjectAltName ?? "")?.[1] ?? "");
  }

  async #enrol(body: Buffer): Promise<Reply> {
    const asked = enrolRequestSchema.parse(JSON.parse(body.toString()));
    const proof = asked.token ?? asked.service_account_token;
    if (proof === undefined || !this.tokens.delete(proof)) return fault(401, "ENROL_REFUSED");
    this.enrolled += 1;
    this.revoked = false;
    return this.#issued({ ...names, node: asked.node, cluster: asked.cluster ?? names.cluster }, asked.csr);
  }

  async #renew(node: NodeName, body: Buffer): Promise<Reply> {
    this.renewed += 1;
    return this.#issued(node, renewRequestSchema.parse(JSON.parse(body.toString())).csr);
  }

  async #issued(node: NodeName, csr: string): Promise<Reply> {
    const life = this.life();
    const certificate = await this.#authority.node(csr, node, life);
    const expires_us = new X509Certificate(certificate).validToDate.getTime() * 1_000;
    return { status: 200, body: { certificate, ca: this.#authority.pem, ...node, expires_us } };
  }

  async #sync(body: Buffer): Promise<Reply> {
    const asked = syncRequestSchema.parse(JSON.parse(body.toString()));
    this.syncs.push(asked);
    const isNews = () => this.state !== undefined && this.state.version !== asked.holds;
    const untilMs = performance.now() + Math.min(asked.wait_s * 1_000, this.holdMsMost);
    while (!isNews() && performance.now() < untilMs) await this.#wokenWithin(untilMs - performance.now());
    const news = isNews() && this.state !== undefined ? { state: signState(this.state, this.#authority.keyPem) } : {};
    return { status: 200, body: { now_us: Date.now() * 1_000, ...news } };
  }

  async #ingest(request: IncomingMessage, body: Buffer, node: NodeName): Promise<Reply> {
    const { bytes, pieces } = await unpackAll(body);
    const frames = decodeFrames(bytes);
    if (!frames.ok) return fault(frames.code === "FRAME_VERSION" ? 426 : 400, frames.code);
    const protocol = (request.socket as TLSSocket).getProtocol() ?? "";
    const seen = { atMs: performance.now(), frames: frames.value.length, protocol, node: node.node, pieces };
    this.requests.push({ ...seen, bytes: body.length });
    const reply = await this.reply(frames.value);
    if (reply.status === 200) for (const frame of frames.value) this.#commit(frame);
    return reply;
  }

  #commit(frame: Frame): void {
    const { bootId, layoutHash, ring, class: name, firstPosition, lastPosition, eventCount } = frame.header;
    const key = [bootId, layoutHash, ring, name, firstPosition, lastPosition].join();
    if (this.#seen.has(key)) this.repeated += 1;
    else {
      this.#seen.add(key);
      this.events.set(name, (this.events.get(name) ?? 0) + eventCount);
    }
    if (this.keepFrames) this.frames.push(frame);
  }

  async #wokenWithin(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

const unzstd = promisify(zstdDecompress) as unknown as (
  bytes: Buffer,
  options: { info: true },
) => Promise<{ buffer: Buffer; engine: { bytesWritten: number } }>;

async function unpackAll(body: Buffer): Promise<{ bytes: Buffer; pieces: number }> {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const { buffer, engine } = await unzstd(body.subarray(at), { info: true });
    parts.push(buffer);
    at += engine.bytesWritten;
  }
  return { bytes: Buffer.concat(parts), pieces: parts.length };
}
