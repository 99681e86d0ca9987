import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import { type FilterPlan, filterPlanSchema, ingestReplySchema } from "@atalaya/wire";
import { BackOff } from "./back-off.ts";
import type { Counters } from "./counters.ts";
import { limits } from "./limits.ts";
import type { Spool } from "./spool.ts";

const compress = promisify(zstdCompress);
/** Level 1: half of level 3's processor time for some percent more bytes. */
const fast = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export type HubTarget = { url: string; caFile: string; credentialFile: string };
type Answer = { status: number; retryAfterMs: number | undefined; body: Buffer };

/** Statuses after which the same bytes will never be accepted: they are counted and given up. */
const final = new Set([400, 413, 415, 422]);

/** Delivers one spool to the hub, one request at a time, oldest first, until `stop`. */
export class Sender {
  readonly #spool: Spool;
  readonly #target: HubTarget;
  readonly #agent: Agent;
  readonly #counters: Counters;
  readonly #onFilters: (plan: FilterPlan) => void;
  readonly #say: (line: string) => void;
  readonly #backOff = new BackOff();
  #wake: () => void = () => {};
  #stopping = false;
  #lastSaid = "";
  #lastStartMs = Number.NEGATIVE_INFINITY;
  /** After a refusal so many frames go one by one: a bad one does not take the others with it. */
  #singles = 0;
  #loop: Promise<void> | undefined;

  constructor(
    spool: Spool,
    target: HubTarget,
    counters: Counters,
    onFilters: (plan: FilterPlan) => void,
    say: (line: string) => void,
  ) {
    this.#spool = spool;
    this.#target = target;
    this.#counters = counters;
    this.#onFilters = onFilters;
    this.#say = say;
    this.#agent = new Agent({ ca: readFileSync(target.caFile), keepAlive: true, maxSockets: 1, minVersion: "TLSv1.3" });
    spool.onData(() => this.#wake());
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** Gives what is pending a moment to get through, then ends. */
  async stop(): Promise<void> {
    const until = performance.now() + limits.stopPatienceMs;
    while (this.#spool.pending > 0 && performance.now() < until) await new Promise((done) => setTimeout(done, 20));
    this.#stopping = true;
    this.#wake();
    this.#agent.destroy();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const frames = await this.#spool.take(limits.batchBytesMax, this.#singles > 0 ? 1 : limits.batchFramesMax);
      if (frames.length === 0) {
        await this.#untilWoken();
        await this.#untilPaced();
      } else await this.#deliver(frames);
    }
  }

  /** A request costs as much as thousands of events: what comes shortly after one shares the next. */
  async #untilPaced(): Promise<void> {
    const pauseMs = this.#lastStartMs + limits.requestPauseMs - performance.now();
    if (pauseMs > 0 && !this.#stopping) await new Promise((done) => setTimeout(done, pauseMs));
  }

  #untilWoken(ms?: number): Promise<void> {
    return new Promise((done) => {
      const timer = ms === undefined ? undefined : setTimeout(done, ms);
      this.#wake = () => {
        // While waiting after a failure, new data is no reason to try sooner; a stop is.
        if (ms !== undefined && !this.#stopping) return;
        clearTimeout(timer);
        done();
      };
      if (ms === undefined && (this.#spool.pending > 0 || this.#stopping)) done();
    });
  }

  async #deliver(frames: Buffer[]): Promise<void> {
    this.#lastStartMs = performance.now();
    let answer: Answer;
    try {
      answer = await this.#post(await compress(Buffer.concat(frames), fast));
    } catch (error) {
      if (this.#stopping) return;
      this.#counters.add("unreachable");
      this.#sayOnce(
        `the hub does not answer (${error instanceof Error ? error.message : "unknown"}); frames wait on disk`,
      );
      return this.#untilWoken(this.#backOff.nextMs());
    }
    if (answer.status === 200) return this.#delivered(frames, answer);
    if (final.has(answer.status)) return this.#refused(frames, answer);
    this.#counters.add(`status_${answer.status}`);
    if (answer.status !== 429) this.#sayOnce(`the hub answered with status ${answer.status}; frames wait on disk`);
    const known = answer.status === 401 || answer.status === 403 ? limits.refusedRetryMs : answer.retryAfterMs;
    await this.#untilWoken(known ?? this.#backOff.nextMs());
  }

  async #refused(frames: Buffer[], answer: Answer): Promise<void> {
    this.#backOff.reset();
    if (frames.length > 1) {
      this.#singles = frames.length;
      return;
    }
    this.#singles = Math.max(0, this.#singles - 1);
    this.#counters.add("refused_frames", frames.length);
    this.#sayOnce(`the hub refused a frame for good: status ${answer.status}, ${answer.body.toString("utf8", 0, 300)}`);
    await this.#spool.confirm();
  }

  async #delivered(frames: Buffer[], answer: Answer): Promise<void> {
    this.#backOff.reset();
    if (this.#lastSaid !== "") this.#say("the hub answers again");
    this.#lastSaid = "";
    this.#singles = Math.max(0, this.#singles - frames.length);
    this.#counters.add("delivered_frames", frames.length);
    await this.#spool.confirm();
    const reply = ingestReplySchema.safeParse(parseJson(answer.body));
    const plan = reply.success ? filterPlanSchema.safeParse(reply.data.filters) : undefined;
    if (plan?.success) this.#onFilters(plan.data);
  }

  #sayOnce(line: string): void {
    if (line !== this.#lastSaid) this.#say(line);
    this.#lastSaid = line;
  }

  #post(body: Buffer): Promise<Answer> {
    // Read at each request: a renewed credential is used without a restart.
    const token = readFileSync(this.#target.credentialFile, "utf8").trim();
    const headers = {
      "content-type": "application/vnd.atalaya.frames",
      "content-encoding": "zstd",
      "content-length": body.length,
      authorization: `Bearer ${token}`,
    };
    return new Promise((resolve, reject) => {
      const options = { method: "POST", headers, agent: this.#agent };
      const sent = request(new URL("/v1/ingest", this.#target.url), options, (answer) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        answer.on("data", (part: Buffer) => {
          bytes += part.length;
          if (bytes > limits.replyBytesMax) answer.destroy(new Error("the reply is too long"));
          else parts.push(part);
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const seconds = Number(answer.headers["retry-after"]);
          const retryAfterMs = Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, 60_000) : undefined;
          resolve({ status: answer.statusCode ?? 0, retryAfterMs, body: Buffer.concat(parts) });
        });
      });
      sent.setTimeout(limits.requestTimeoutMs, () => sent.destroy(new Error("no answer in time")));
      sent.on("error", reject);
      sent.end(body);
    });
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
