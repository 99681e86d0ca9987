import {
  type AtalayaEvent,
  classNumbers,
  type EventClass,
  EventEncoder,
  encodeFrame,
  type FrameHeader,
  limits,
  rings,
} from "@atalaya/wire";

export type RingName = keyof typeof rings;
/** Whose rings: those of the programs at work, those of earlier programs that end, or none (the sensor's own reports). */
export type StreamName = "own" | "earlier" | "sensor";
export type FrameOrigin = Pick<FrameHeader, "bootId" | "node" | "cluster" | "workspace"> & {
  /** The frames' layout hash: names the rings whose positions the header holds. */
  streams: Record<StreamName, string>;
};

/** Frames are cut well below their limit, so that header and names always fit. */
const bodyBytesMax = limits.frameBytesMax / 2;

const streamNumbers = { own: 0, earlier: 1, sensor: 2 } as const;
const classesMax = Math.max(...Object.values(classNumbers)) + 1;
const ringsMax = Math.max(...Object.values(rings)) + 1;

type Open = {
  name: EventClass;
  ring: RingName;
  stream: StreamName;
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
  readonly #slots: (Open | undefined)[] = new Array(3 * ringsMax * classesMax).fill(undefined);
  readonly #open: Open[] = [];
  #done: Buffer[] = [];

  constructor(origin: FrameOrigin) {
    this.#origin = { ...origin };
  }

  /** Of the frames from here on. */
  setWorkspace(workspace: string): void {
    this.#origin.workspace = workspace;
  }

  /** Adds one event; false where it does not encode (a value outside its column): it is left out. */
  add(event: AtalayaEvent, ring: RingName, position: number, stream: StreamName): boolean {
    const open = this.#group(event.class, ring, stream);
    try {
      open.encoder.add(event);
    } catch {
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
    for (const open of this.#open) if (open.count > 0) this.#close(open);
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #group(name: EventClass, ring: RingName, stream: StreamName): Open {
    const slot = (streamNumbers[stream] * ringsMax + rings[ring]) * classesMax + classNumbers[name];
    let open = this.#slots[slot];
    if (open === undefined) {
      const zero = { count: 0, firstPosition: 0, lastPosition: 0, firstTimeUs: 0, lastTimeUs: 0 };
      open = { name, ring, stream, encoder: new EventEncoder(), ...zero };
      this.#slots[slot] = open;
      this.#open.push(open);
    }
    return open;
  }

  #close(open: Open): void {
    const { count, firstPosition, lastPosition, firstTimeUs, lastTimeUs } = open;
    const span = { firstPosition, lastPosition, firstTimeUs, lastTimeUs };
    const { streams, ...origin } = this.#origin;
    const header = { class: open.name, ring: rings[open.ring], eventCount: count, containerId: "", ...span };
    const layoutHash = streams[open.stream];
    this.#done.push(encodeFrame({ ...header, ...origin, layoutHash }, open.encoder.bytes()));
    open.encoder.reset();
    open.count = 0;
  }
}
