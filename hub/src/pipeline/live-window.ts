import type { AtalayaEvent } from "@atalaya/wire";
import { pipelineLimits } from "../core/limits.ts";

/** Lets so many events a second of a workspace through to its live stream; the rest is counted, not shown. */
export class LiveWindow {
  readonly #pending = new Map<string, { workspaceId: string; node: string; events: AtalayaEvent[] }>();
  readonly #shown = new Map<string, number>();
  #second = 0;
  #notShown = 0;

  add(workspaceId: string, node: string, event: AtalayaEvent): void {
    const second = Math.floor(Date.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#shown.clear();
    }
    const shown = this.#shown.get(workspaceId) ?? 0;
    if (shown >= pipelineLimits.liveEventsPerSecondMax) {
      this.#notShown += 1;
      return;
    }
    this.#shown.set(workspaceId, shown + 1);
    const key = `${workspaceId}\n${node}`;
    const pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, { workspaceId, node, events: [event] });
    else pending.events.push(event);
  }

  /** What is to be shown now, and how many were not shown since the last time. */
  take(): { workspaceId: string; node: string; events: AtalayaEvent[]; notShown: number }[] {
    const taken = [...this.#pending.values()].map((one, i) => ({ ...one, notShown: i === 0 ? this.#notShown : 0 }));
    if (taken.length > 0) this.#notShown = 0;
    this.#pending.clear();
    return taken;
  }
}
