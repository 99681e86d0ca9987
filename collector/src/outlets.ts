import { type AtalayaEvent, type EventClass, eventToJson, type LabelsOfPods, type RecorderPolicy } from "@atalaya/wire";
import { ContainerRecorder } from "./container-recorder.ts";
import { FrameBuilder, type FrameOrigin, type RingName, type StreamName } from "./frame-builder.ts";
import { collectorLimits } from "./limits.ts";
import type { Outlet } from "./outlet.ts";
import type { FromWorker } from "./worker-messages.ts";

type Post = (message: FromWorker, transfer: ArrayBuffer[]) => void;

/** Frames for the publisher: one parcel is one frame. */
export class FrameOutlet implements Outlet {
  readonly #builder: FrameBuilder;
  readonly #recorder: ContainerRecorder;
  readonly #post: Post;
  #recordedMs = Number.NEGATIVE_INFINITY;

  constructor(origin: FrameOrigin, post: Post) {
    this.#builder = new FrameBuilder(origin);
    this.#recorder = new ContainerRecorder(origin);
    this.#post = post;
  }

  add(event: AtalayaEvent, ring: RingName, position: number, stream: StreamName): boolean {
    this.#recorder.add(event);
    return this.#builder.add(event, ring, position, stream);
  }

  record(event: AtalayaEvent): boolean {
    return this.#recorder.add(event);
  }

  ranBefore(containerId: string): void {
    this.#recorder.ranBefore(containerId);
  }

  setWorkspace(workspace: string): void {
    this.#builder.setWorkspace(workspace);
    this.#recorder.setWorkspace(workspace);
  }

  setRecorder(policy: RecorderPolicy, podLabels: LabelsOfPods): void {
    this.#recorder.setPolicy(policy, podLabels);
  }

  flush(isWhole = false): { parcels: number; bytes: number } {
    // Before the others: what leads to an alert is recorded when the alert asks for it.
    const recorded = this.#isDue(isWhole) ? this.#recorder.take() : [];
    if (recorded.length > 0)
      this.#post(
        { type: "recorded", frames: recorded },
        recorded.map((frame) => frame.buffer as ArrayBuffer),
      );
    return this.#flushFrames();
  }

  /** A frame for each event of each container would cost the publisher more than all else it does. */
  #isDue(isWhole: boolean): boolean {
    const nowMs = performance.now();
    if (!isWhole && nowMs - this.#recordedMs < collectorLimits.recordedPauseMs) return false;
    this.#recordedMs = nowMs;
    return true;
  }

  #flushFrames(): { parcels: number; bytes: number } {
    const frames = this.#builder.take();
    if (frames.length === 0) return { parcels: 0, bytes: 0 };
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
    // Each frame has memory of its own (encodeFrame allocates it): it moves to the other thread, nothing is copied.
    const buffers = new Set(frames.map((frame) => frame.buffer as ArrayBuffer));
    this.#post({ type: "frames", frames }, [...buffers]);
    return { parcels: frames.length, bytes };
  }
}

export type LineFilter = {
  container?: string | undefined;
  class?: EventClass | undefined;
  name?: string | undefined;
};

/** JSON lines for a terminal: one parcel is what one drain gave. */
export class LineOutlet implements Outlet {
  readonly #filter: LineFilter;
  readonly #post: Post;
  #lines: string[] = [];

  constructor(filter: LineFilter, post: Post) {
    this.#filter = filter;
    this.#post = post;
  }

  add(event: AtalayaEvent): boolean {
    if (passes(this.#filter, event)) this.#lines.push(`${JSON.stringify(eventToJson(event))}\n`);
    return true;
  }

  record(): boolean {
    return false;
  }

  ranBefore(): void {}

  setWorkspace(): void {}

  setRecorder(): void {}

  flush(): { parcels: number; bytes: number } {
    if (this.#lines.length === 0) return { parcels: 0, bytes: 0 };
    const text = this.#lines.join("");
    this.#lines = [];
    this.#post({ type: "lines", text }, []);
    return { parcels: 1, bytes: text.length };
  }
}

/** A container is named by the start of its id or by its name; without `class`, sensor reports are left out. */
function passes(filter: LineFilter, event: AtalayaEvent): boolean {
  if (event.class !== (filter.class ?? event.class)) return false;
  if (event.class === "sensor" || event.class === "api") {
    return filter.class === event.class && filter.container === undefined && filter.name === undefined;
  }
  if (filter.name !== undefined && event.name !== filter.name) return false;
  if (filter.container === undefined) return true;
  return event.container_id?.startsWith(filter.container) === true || event.container_name === filter.container;
}
