import type { AtalayaEvent, Sensor } from "@atalaya/wire";
import type { CommittedAlert, LiveListener } from "../hub-core.ts";

/** Who is told of what happens. A listener that throws is our bug and ends the process, as any other would. */
export class LiveListeners {
  readonly #listeners = new Set<LiveListener>();
  readonly #watchedChanged: (watched: boolean) => void;

  /** `watchedChanged` is told when the first listener of events comes and when the last one goes. */
  constructor(watchedChanged: (watched: boolean) => void) {
    this.#watchedChanged = watchedChanged;
  }

  get size(): number {
    return this.#listeners.size;
  }

  #watched(): boolean {
    return [...this.#listeners].some((listener) => listener.event !== undefined);
  }

  add(listener: LiveListener): () => void {
    const before = this.#watched();
    this.#listeners.add(listener);
    if (!before && this.#watched()) this.#watchedChanged(true);
    return () => {
      if (!this.#listeners.delete(listener)) return;
      if (listener.event !== undefined && !this.#watched()) this.#watchedChanged(false);
    };
  }

  alert(change: CommittedAlert): void {
    for (const listener of this.#listeners) listener.alert?.(change);
  }

  sensor(workspaceId: string, sensor: Sensor): void {
    for (const listener of this.#listeners) listener.sensor?.(workspaceId, sensor);
  }

  event(workspaceId: string, node: string, event: AtalayaEvent): void {
    for (const listener of this.#listeners) listener.event?.(workspaceId, node, event);
  }
}
