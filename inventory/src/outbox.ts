import { EventEncoder, encodeFrame, type FrameHeader, type InventoryEvent, rings } from "@atalaya/wire/framing";
import { inventoryLimits } from "./limits.ts";

export type Origin = Pick<FrameHeader, "bootId" | "layoutHash" | "node" | "cluster"> & { epochUs: number };
/** What the outbox adds to a row, and what is null in most. */
export type Row = Partial<Omit<InventoryEvent, "class" | "time_us" | "position" | "epoch_us">> &
  Pick<InventoryEvent, "activity">;
export type FrameTaker = { send(frame: Buffer): void; room(): Promise<void> };

/**
 * Gathers rows into frames and numbers them. `put` resolves when there is room for more: whoever waits for it holds back
 * what it reads from, so that memory is bounded though the publisher be away for a day.
 */
export class Outbox {
  readonly #origin: Origin;
  readonly #to: FrameTaker;
  readonly #encoder = new EventEncoder();
  #position = 0;
  #rows = 0;
  #firstTimeUs = 0;
  #lastTimeUs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(origin: Origin, to: FrameTaker) {
    this.#origin = origin;
    this.#to = to;
  }

  /** Rows so far. */
  get position(): number {
    return this.#position;
  }

  async put(row: Row): Promise<void> {
    await this.#to.room();
    this.#add(row);
    if (this.#rows >= inventoryLimits.frameRowsMax || this.#encoder.length >= inventoryLimits.frameBytesMax)
      this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), inventoryLimits.gatherMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#rows === 0) return;
    const { epochUs, ...names } = this.#origin;
    const span = { firstPosition: this.#position - this.#rows + 1, lastPosition: this.#position };
    const times = { firstTimeUs: this.#firstTimeUs, lastTimeUs: this.#lastTimeUs };
    const header = { class: "inventory", ring: rings.inventory, eventCount: this.#rows, containerId: "" } as const;
    this.#to.send(encodeFrame({ ...header, ...span, ...times, ...names, workspace: "" }, this.#encoder.bytes()));
    this.#encoder.reset();
    this.#rows = 0;
  }

  #add(row: Row): void {
    const time_us = Date.now() * 1_000;
    this.#position += 1;
    if (this.#rows === 0) this.#firstTimeUs = time_us;
    this.#rows += 1;
    // A clock that is set back must not make a frame that ends before it begins.
    this.#firstTimeUs = Math.min(this.#firstTimeUs, time_us);
    this.#lastTimeUs = this.#rows === 1 ? time_us : Math.max(this.#lastTimeUs, time_us);
    const own = { class: "inventory", time_us, position: this.#position, epoch_us: this.#origin.epochUs } as const;
    this.#encoder.add({ ...blank, ...row, ...own });
  }
}

const blank = {
  generation: null,
  kind: null,
  uid: null,
  resource_version: null,
  k8s_namespace: null,
  object_name: null,
  owner_kind: null,
  owner_name: null,
  owner_uid: null,
  created_us: null,
  node_name: null,
  service_account: null,
  labels: null,
  facts: null,
};
