import type { InventoryKind } from "@atalaya/wire/framing";
import type { KindFigures } from "./kind-follower.ts";
import { inventoryLimits } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import { inventoryVersion } from "./version.ts";

type Kind = { kind: InventoryKind; figures: KindFigures };

/** Tells the hub how the inventory is (InventoryStatus in wire/src/inventory.ts): soon after news, and once a minute. */
export class StatusTeller {
  readonly #outbox: Pick<Outbox, "put">;
  readonly #counters = new Map<string, number>();
  readonly #startedUs = Date.now() * 1_000;
  #kinds: readonly Kind[] = [];
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;

  constructor(outbox: Pick<Outbox, "put">) {
    this.#outbox = outbox;
  }

  start(kinds: readonly Kind[]): void {
    this.#kinds = kinds;
    this.#timer = setInterval(() => this.#tell(), inventoryLimits.statusMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }

  count(name: string): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + 1);
  }

  /** There is news: it is told in a moment, together with what else comes until then. */
  soon(): void {
    this.#soon ??= setTimeout(() => this.#tell(), inventoryLimits.statusSoonMs);
  }

  #tell(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const { user, system } = process.cpuUsage();
    const status = {
      version: inventoryVersion,
      started_us: this.#startedUs,
      memory_bytes: process.memoryUsage.rss(),
      cpu_us: user + system,
      kinds: this.#kinds.map(({ kind, figures }) => ({ kind, ...figures })),
      counters: Object.fromEntries(this.#counters),
    };
    void this.#outbox.put({ activity: "status", facts: JSON.stringify(status) });
  }
}
