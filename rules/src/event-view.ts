import type { AtalayaEvent } from "@atalaya/wire";

/** What a field holds; undefined is "not known", which makes every comparison false. */
export type FieldValue = string | number | boolean | readonly (string | number)[] | undefined;

/** Reads one field of the event that the view shows. */
export type Read = (view: EventView) => FieldValue;

/** A place in the view's memory for one field (or one transformer around it). */
export type Slot = { index: number; read: Read };

/**
 * One event, as conditions look at it: each field is read at most once. One view serves an evaluator for all its
 * events: loading the next is a new generation number, so an event that matches nothing allocates nothing here.
 */
export class EventView {
  event: AtalayaEvent | undefined;
  /** `evt.num`: how many events this view has shown. */
  number = 0;
  readonly #values: FieldValue[] = [];
  readonly #seen: number[] = [];
  #record: unknown;
  #recordOf = 0;

  load(event: AtalayaEvent): void {
    this.event = event;
    this.number += 1;
  }

  get(slot: Slot): FieldValue {
    const { index } = slot;
    if (this.#seen[index] === this.number) return this.#values[index];
    const value = slot.read(this);
    while (this.#seen.length <= index) {
      this.#seen.push(0);
      this.#values.push(undefined);
    }
    this.#seen[index] = this.number;
    this.#values[index] = value;
    return value;
  }

  /** The audit record, parsed when a field first asks for it; undefined when there is none or it is not JSON. */
  record(): unknown {
    if (this.#recordOf !== this.number) {
      this.#recordOf = this.number;
      this.#record = parseRecord(this.event);
    }
    return this.#record;
  }
}

function parseRecord(event: AtalayaEvent | undefined): unknown {
  if (event?.class !== "api" || event.record === null) return undefined;
  try {
    return JSON.parse(event.record);
  } catch {
    return undefined;
  }
}
