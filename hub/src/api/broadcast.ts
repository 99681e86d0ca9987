import { Fault } from "@atalaya/wire";
import type { HubCore } from "../hub-core.ts";
import type { HttpMetrics } from "../server/http-metrics.ts";
import { serverLimits } from "../server/limits.ts";
import { eventMessage, type StreamClient } from "./stream-client.ts";

/** Hands what the pipeline tells to every open stream of the same workspace. */
export class Broadcast {
  readonly #clients = new Set<StreamClient>();
  readonly #metrics: HttpMetrics;
  readonly #stopListening: () => void;

  constructor(core: HubCore, metrics: HttpMetrics) {
    this.#metrics = metrics;
    this.#stopListening = core.listen({
      alert: (change) => {
        for (const client of this.#of(change.workspaceId)) client.alert(change);
      },
      sensor: (workspaceId, sensor) => {
        for (const client of this.#of(workspaceId)) client.sensor(sensor);
      },
      event: (workspaceId, node, event) => {
        if (this.#clients.size === 0) return;
        const text = eventMessage(node, event);
        for (const client of this.#of(workspaceId)) client.event(event, text);
      },
    });
  }

  /** Throws Fault BUSY when no more streams may open; to be asked before the answer's head is written. */
  requireRoom(): void {
    if (this.#clients.size < serverLimits.streamsMax) return;
    throw new Fault("BUSY", "Too many streams are open; close one, or try again later", { retry_after_s: 10 });
  }

  /** What one stream may hold for its reader: the more there are, the less. */
  readonly bufferBytesMax = (): number =>
    Math.min(serverLimits.streamBufferBytesMax, serverLimits.streamBuffersBytesMax / Math.max(1, this.#clients.size));

  add(client: StreamClient): void {
    this.#clients.add(client);
    this.#metrics.streams.set(this.#clients.size);
  }

  remove(client: StreamClient): void {
    this.#clients.delete(client);
    this.#metrics.streams.set(this.#clients.size);
  }

  close(): void {
    this.#stopListening();
    for (const client of this.#clients) client.end();
  }

  *#of(workspaceId: string): Iterable<StreamClient> {
    for (const client of this.#clients) if (client.wish.workspaceId === workspaceId) yield client;
  }
}
