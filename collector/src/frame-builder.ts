import {
  type AtalayaEvent,
  type EventClass,
  EventEncoder,
  encodeFrame,
  type FrameHeader,
  limits,
  rings,
} from "@atalaya/wire";

export type FrameOrigin = Pick<FrameHeader, "bootId" | "layoutHash" | "node" | "cluster" | "workspace">;
export type RingName = keyof typeof rings;

/** Frames are cut well below their limit, so that header and names always fit. */
const bodyBytesMax = limits.frameBytesMax / 2;

type Open = {
  name: EventClass;
  ring: RingName;
  encoder: EventEncoder;
  count: number;
  firstPosition: number;
  lastPosition: number;
  firstTimeUs: number;
  lastTimeUs: number;
};

/** Groups events by class and ring and encodes each group into frames. */
export class FrameBuilder {
  readonly #origin: FrameOrigin;
  readonly #open = new Map<string, Open>();
  #done: Buffer[] = [];

  constructor(origin: FrameOrigin) {
    this.#origin = origin;
  }

  /** Adds one event; false where it does not encode (a value outside its column): it is left out. */
  add(event: AtalayaEvent, ring: RingName, position: number): boolean {
    const open = this.#group(event.class, ring);
    const before = open.encoder.length;
    try {
      open.encoder.add(event);
    } catch {
      open.encoder.length = before;
      return false;
    }
    const timeUs = event.time_us ?? 0;
    if (open.count === 0) {
      open.firstPosition = open.lastPosition = position;
      open.firstTimeUs = open.lastTimeUs = timeUs;
    }
    open.count += 1;
    open.firstPosition = Math.min(open.firstPosition, position);
    open.lastPosition = Math.max(open.lastPosition, position);
    open.firstTimeUs = Math.min(open.firstTimeUs, timeUs);
    open.lastTimeUs = Math.max(open.lastTimeUs, timeUs);
    if (open.count >= limits.frameEventsMax || open.encoder.length >= bodyBytesMax) this.#close(open);
    return true;
  }

  /** All frames since the last call, each in memory of its own. */
  take(): Buffer[] {
    for (const open of this.#open.values()) if (open.count > 0) this.#close(open);
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #group(name: EventClass, ring: RingName): Open {
    const key = `${name} ${ring}`;
    let open = this.#open.get(key);
    if (open === undefined) {
      const zero = { count: 0, firstPosition: 0, lastPosition: 0, firstTimeUs: 0, lastTimeUs: 0 };
      open = { name, ring, encoder: new EventEncoder(), ...zero };
      this.#open.set(key, open);
    }
    return open;
  }

  #close(open: Open): void {
    const { count, firstPosition, lastPosition, firstTimeUs, lastTimeUs } = open;
    const span = { firstPosition, lastPosition, firstTimeUs, lastTimeUs };
    const header = { class: open.name, ring: rings[open.ring], eventCount: count, containerId: "", ...span };
    this.#done.push(encodeFrame({ ...header, ...this.#origin }, open.encoder.bytes()));
    open.encoder.reset();
    open.count = 0;
  }
}
