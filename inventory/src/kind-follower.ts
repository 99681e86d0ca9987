import { crc32 } from "node:zlib";
import type { Follower } from "@atalaya/kube";
import type { Fault, InventoryKind } from "@atalaya/wire/framing";
import { inventoryLimits } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import { type ObjectRow, rowOfObject } from "./row-of-object.ts";
import type { Turns } from "./turns.ts";

export type KindFigures = { listed: number; changes: number; lists: number; gone: number; problem?: string };

export type FollowerParts = {
  outbox: Pick<Outbox, "put">;
  turns: Turns;
  /** Counts what was left out or cut, by name. */
  count(name: string): void;
  /** The kind is complete, or in other trouble than before. */
  told(): void;
};

/** What one kind's objects become: rows. A change that changes nothing of what is kept is not told. */
export class KindFollower implements Follower {
  readonly kind: InventoryKind;
  readonly figures: KindFigures = { listed: 0, changes: 0, lists: 0, gone: 0 };
  readonly #parts: FollowerParts;
  /** Of each uid, what its last row said, as a number. */
  #said = new Map<string, number>();
  #listing = new Map<string, number>();
  #generation = 0;
  #endTurn = (): void => {};
  #isComplete = false;

  constructor(kind: InventoryKind, parts: FollowerParts) {
    this.kind = kind;
    this.#parts = parts;
  }

  /** Every object was told once. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  async listing(): Promise<void> {
    this.#endTurn = await this.#parts.turns.take();
    this.#generation += 1;
    this.#listing = new Map();
    this.figures.lists += 1;
  }

  async listed(object: unknown): Promise<void> {
    const row = this.#row(object);
    if (row === undefined) return;
    this.#remember(this.#listing, row);
    await this.#put(row);
  }

  async complete(): Promise<void> {
    this.figures.listed = this.#listing.size;
    this.#said = this.#listing;
    this.#listing = new Map();
    await this.#parts.outbox.put({ activity: "complete", kind: this.kind, generation: this.#generation });
    this.#isComplete = true;
    this.#endTurn();
    this.#parts.told();
  }

  brokenOff(): void {
    this.#listing = new Map();
    this.#endTurn();
  }

  async changed({ type, object }: Parameters<Follower["changed"]>[0]): Promise<void> {
    const row = this.#row(object);
    if (row === undefined) return;
    if (type === "deleted") {
      this.#said.delete(row.uid);
      this.figures.changes += 1;
      const { kind, uid } = row;
      await this.#parts.outbox.put({ activity: "gone", kind, uid, generation: this.#generation });
      return;
    }
    if (this.#said.get(row.uid) === digestOf(row)) return;
    this.#remember(this.#said, row);
    this.figures.changes += 1;
    await this.#put(row);
  }

  unreadable({ code }: Parameters<Follower["unreadable"]>[0]): void {
    this.#parts.count(code === "BODY_TOO_LARGE" ? "objects_too_large" : "objects_malformed");
  }

  gone(): void {
    this.figures.gone += 1;
  }

  troubled(fault: Fault | undefined): void {
    const before = this.figures.problem;
    if (fault === undefined) delete this.figures.problem;
    else this.figures.problem = fault.message.slice(0, inventoryLimits.problemCharsMax);
    if (this.figures.problem !== before) this.#parts.told();
  }

  #row(object: unknown): ObjectRow | undefined {
    const row = rowOfObject(this.kind, object, this.#parts.count);
    if (row === undefined) this.#parts.count("objects_malformed");
    return row;
  }

  #remember(said: Map<string, number>, row: ObjectRow): void {
    if (said.size < inventoryLimits.rememberedMax || said.has(row.uid)) said.set(row.uid, digestOf(row));
    else this.#parts.count("objects_not_remembered");
  }

  async #put(row: ObjectRow): Promise<void> {
    await this.#parts.outbox.put({ activity: "put", generation: this.#generation, ...row });
  }
}

/** All that a row says but its version, in 53 bits: a change that they miss is told with the next list. */
function digestOf({ resource_version: _, ...row }: ObjectRow): number {
  const json = JSON.stringify(row);
  return crc32(json) + (json.length % 2_097_152) * 4_294_967_296;
}
