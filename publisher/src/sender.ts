import { BackOff } from "@atalaya/wire/framing";
import type { Counters } from "./counters.ts";
import type { Gate } from "./gate.ts";
import { type Answer, type HubLink, isStranger, jsonOf } from "./hub/hub-link.ts";
import type { IdentityKeeper } from "./identity/identity-keeper.ts";
import { limits } from "./limits.ts";
import { OnceSayer } from "./once-sayer.ts";
import { Sleeper } from "./sleeper.ts";
import type { Lane } from "./spool/lane.ts";
import type { Batch } from "./spool/lane-reader.ts";
import { framesPlace } from "./spool/tally.ts";
import type { StateKeeper } from "./state-keeper.ts";

export type SenderParts = {
  link: HubLink;
  gate: Gate;
  keeper: IdentityKeeper;
  states: StateKeeper;
  counters: Counters;
  /** The spool should write down what was settled. */
  settled: () => void;
  say: (line: string) => void;
};

/** Statuses after which the same bytes will never be accepted: they are counted and given up. */
const final = new Set([400, 413, 415, 422]);

/** Delivers one lane to the hub, one request at a time, oldest first, until `stop`. */
export class Sender {
  readonly #lane: Lane;
  readonly #parts: SenderParts;
  readonly #sayer: OnceSayer;
  readonly #backOff = new BackOff(limits.backOff);
  readonly #sleeper = new Sleeper();
  #wake: () => void = () => {};
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #lastTookMs = 0;
  /** After a refusal so many frames go one by one: a bad one does not take the others with it. */
  #singles = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(lane: Lane, parts: SenderParts) {
    this.#lane = lane;
    this.#parts = parts;
    this.#sayer = new OnceSayer(parts.say);
    lane.onData(() => this.#wake());
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** There is a new identity: what was refused before may be taken now. */
  retry(): void {
    this.#backOff.reset();
    this.#sleeper.wake();
  }

  /** Gives what is pending a moment to get through. */
  async drained(): Promise<void> {
    const until = performance.now() + limits.stopPatienceMs;
    const waits = () => (this.#lane.state.pending()[framesPlace] ?? 0) > 0 && this.#parts.gate.isOpen;
    while (waits() && performance.now() < until) await new Promise((done) => setTimeout(done, 20));
  }

  /** The link is closed before: what is on its way ends. */
  async stop(): Promise<void> {
    this.#sleeper.stop();
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { gate } = this.#parts;
    while (!this.#sleeper.isStopped) {
      await gate.opened();
      if (this.#sleeper.isStopped) return;
      try {
        const batch = await this.#lane.reader.take(this.#singles > 0);
        if (batch === undefined) await this.#untilData();
        else await this.#deliver(batch);
      } catch (error) {
        // The spool cannot be read for now (too many open files, a disk that comes and goes).
        this.#parts.counters.add("failed_reads");
        this.#sayer.say(`the spool cannot be read (${(error as Error).message}); trying again`);
        await this.#sleeper.sleep(limits.writeRetryMs);
      }
    }
  }

  /** A request costs as much as hundreds of events: what comes shortly after one shares the next. */
  async #untilData(): Promise<void> {
    await new Promise<void>((done) => {
      this.#wake = done;
      if (this.#sleeper.isStopped) done();
    });
    this.#wake = () => {};
    const [least, most] = [limits.requestPauseMs[this.#lane.name], limits.requestPauseMostMs[this.#lane.name]];
    const pauseMs = Math.min(most, Math.max(least, 3 * this.#lastTookMs));
    await this.#sleeper.sleep(this.#lastStartMs + pauseMs - performance.now());
  }

  async #deliver(batch: Batch): Promise<void> {
    this.#lastStartMs = performance.now();
    const { link, counters, keeper } = this.#parts;
    let answer: Answer;
    try {
      const [piece = Buffer.alloc(0)] = batch.pieces;
      const body = batch.pieces.length === 1 ? piece : Buffer.concat(batch.pieces);
      answer = await link.call(this.#lane.name, { method: "POST", path: "/v1/ingest", headers: this.#headers(), body });
    } catch (error) {
      this.#lane.reader.release();
      if (this.#sleeper.isStopped) return;
      counters.add("unreachable");
      if (isStranger(error)) keeper.doubt("stranger");
      else this.#sayer.say(`the hub does not answer (${(error as Error).message}); frames wait on disk`);
      await this.#sleeper.sleep(this.#backOff.nextMs());
      return;
    }
    this.#lastTookMs = performance.now() - this.#lastStartMs;
    if (answer.status === 200) await this.#delivered(batch, answer);
    else await this.#notTaken(batch, answer);
  }

  #headers(): Record<string, string> {
    return {
      "content-type": "application/vnd.atalaya.frames",
      "content-encoding": "zstd",
      "x-atalaya-state": String(this.#parts.states.version),
    };
  }

  async #delivered(batch: Batch, answer: Answer): Promise<void> {
    const { counters, keeper, states, settled, say } = this.#parts;
    this.#backOff.reset();
    if (this.#sayer.clear()) say("the hub answers again");
    keeper.trusted();
    const frames = batch.here[framesPlace] ?? 0;
    this.#singles = Math.max(0, this.#singles - frames);
    counters.add("delivered_frames", frames);
    await this.#lane.reader.settle(batch, "delivered");
    settled();
    const reply = jsonOf(answer.body);
    await states.takeState(reply["state"]);
    await states.takePlan(reply["filters"]);
  }

  async #notTaken(batch: Batch, answer: Answer): Promise<void> {
    const { status } = answer;
    const code = jsonOf(answer.body)["code"];
    const frames = batch.here[framesPlace] ?? 0;
    if (final.has(status) || code === "IDENTITY_MISMATCH") {
      if (frames > 1) return this.#oneByOne(frames);
      return this.#refused(batch, answer);
    }
    this.#lane.reader.release();
    this.#parts.counters.add(`status_${status}`);
    // Frames of an older version may lie before the one that is too new: they get through alone.
    if (status === 426 && frames > 1 && this.#singles === 0) return this.#oneByOne(frames);
    if (status === 426) this.#singles = 0;
    await this.#waitAfter(answer, code);
  }

  #oneByOne(frames: number): void {
    this.#lane.reader.release();
    this.#backOff.reset();
    this.#singles = frames;
  }

  async #refused(batch: Batch, answer: Answer): Promise<void> {
    this.#backOff.reset();
    this.#singles = Math.max(0, this.#singles - 1);
    this.#parts.counters.add("refused_frames");
    const why = answer.body.toString("utf8", 0, 300);
    this.#sayer.say(`the hub refused a frame for good: status ${answer.status}, ${why}`);
    await this.#lane.reader.settle(batch, "refused");
    this.#parts.settled();
  }

  async #waitAfter({ status, retryAfterMs }: Answer, code: unknown): Promise<void> {
    const { keeper } = this.#parts;
    if (code === "CREDENTIAL_REVOKED") {
      // The sync asks again, and opens the gate.
      keeper.doubt("revoked");
      return;
    }
    const isRefusal = status === 401 || status === 403;
    if (isRefusal) keeper.doubt("unknown");
    else if (status === 426) this.#sayer.say("the hub is older than these frames; they wait on disk for its upgrade");
    else if (status === 507) this.#sayer.say("the hub's disk is full; frames wait on disk");
    else if (status !== 429) this.#sayer.say(`the hub answered with status ${status}; frames wait on disk`);
    await this.#sleeper.sleep(isRefusal ? limits.refusedRetryMs : (retryAfterMs ?? this.#backOff.nextMs()));
  }
}
