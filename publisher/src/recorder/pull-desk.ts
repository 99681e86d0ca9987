import { setTimeout as pause } from "node:timers/promises";
import type { Gate } from "../gate.ts";
import { type HubLink, isStranger, jsonOf } from "../hub/hub-link.ts";
import { limits } from "../limits.ts";
import { OnceSayer } from "../once-sayer.ts";
import { pack } from "../spool/pack.ts";
import type { Recorder } from "./recorder.ts";

type Pull = { alert_id: string; container_id: string; from_us: number };
export type PullParts = {
  link: Pick<HubLink, "call">;
  gate: Pick<Gate, "isOpen">;
  recorder: Pick<Recorder, "window">;
  say: (line: string) => void;
};

/**
 * Answers what alerts ask of the recorder, one after another. An answer that does not get through is not kept: the hub
 * asks again with a later sync, as long as it wants it.
 */
export class PullDesk {
  readonly #parts: PullParts;
  readonly #sayer: OnceSayer;
  readonly #open = new Map<string, Pull>();
  #work: Promise<void> = Promise.resolve();
  answered = 0;

  constructor(parts: PullParts) {
    this.#parts = parts;
    this.#sayer = new OnceSayer(parts.say);
  }

  /** What the hub's answer to a sync carried under `pulls`. */
  async take(pulls: unknown): Promise<void> {
    if (pulls === undefined) return;
    const { syncReplySchema } = await import("@atalaya/wire");
    const read = syncReplySchema.shape.pulls.safeParse(pulls);
    if (!read.success) {
      this.#sayer.say("the hub asked the flight recorder for something that is not understood");
      return;
    }
    for (const pull of read.data ?? []) {
      if (this.#open.has(pull.alert_id) || this.#open.size >= limits.recorder.pullsMax) continue;
      this.#open.set(pull.alert_id, pull);
      this.#work = this.#work.then(() => this.#answer(pull)).finally(() => this.#open.delete(pull.alert_id));
    }
  }

  /** Resolves when all that was asked is answered, or given back to the hub. */
  async drained(): Promise<void> {
    await this.#work;
  }

  async #answer({ alert_id, container_id, from_us }: Pull): Promise<void> {
    const { link, gate, recorder } = this.#parts;
    await pause(limits.recorder.answerPauseMs);
    if (!gate.isOpen) return;
    try {
      const { recorderLimits } = await import("@atalaya/wire");
      const bounds = {
        eventsMax: recorderLimits.answerEventsMax,
        bytesMax: recorderLimits.answerBytesMax,
        framesMax: recorderLimits.answerFramesMax,
      };
      const { frames, keptFromUs, cut, damaged } = await recorder.window(container_id, from_us, bounds);
      const facts = { kept_from_us: String(keptFromUs), cut: cut ? "1" : "0", damaged: String(damaged) };
      const path = `/v1/recorded/${encodeURIComponent(alert_id)}?${new URLSearchParams(facts)}`;
      const headers = { "content-type": "application/vnd.atalaya.frames", "content-encoding": "zstd" };
      const answer = await link.call("recorded", { method: "POST", path, headers, body: pack(frames) });
      if (answer.status === 200) this.answered += 1;
      else {
        const code = jsonOf(answer.body)["code"];
        this.#sayer.say(`the hub did not take what was recorded for an alert: status ${answer.status}, ${code}`);
      }
    } catch (error) {
      if (!isStranger(error)) this.#sayer.say(`what was recorded did not reach the hub (${(error as Error).message})`);
    }
  }
}
