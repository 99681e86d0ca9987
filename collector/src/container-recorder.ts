import { randomBytes } from "node:crypto";
import {
  type AtalayaEvent,
  type EventClass,
  EventEncoder,
  encodeFrame,
  isRecorded,
  type LabelsOfPods,
  labelsOf,
  limits,
  noRecording,
  type RecorderPolicy,
  recordingName,
  rings,
  type SyscallEvent,
} from "@atalaya/wire";
import type { FrameOrigin } from "./frame-builder.ts";
import { collectorLimits } from "./limits.ts";

/** The events of one class that wait for their frame. */
type Open = {
  encoder: EventEncoder;
  count: number;
  firstPosition: number;
  firstTimeUs: number;
  lastTimeUs: number;
};
type Names = Pick<SyscallEvent, "k8s_namespace" | "k8s_pod" | "k8s_pod_uid" | "container_name" | "container_image">;
type Recording = {
  containerId: string;
  /** What the decision was made by; names may come to be known later. */
  names: Names;
  isWanted: boolean;
  /** Names the recording: numbers begin anew under another. */
  id: string;
  /** By class: the number of the newest event. Each has the next one, also one that does not encode. */
  newest: Map<EventClass, number>;
  open: Map<EventClass, Open>;
};

const recordedClasses: ReadonlySet<EventClass> = new Set(["process", "file", "network", "dns", "kernel"]);

/**
 * Frames for the flight recorder: the events that are handed on anyway, of the containers that a scope of the policy
 * names, once more, a frame for each container and class; and of these containers what no rule asks for (recorded-groups.ts).
 */
export class ContainerRecorder {
  readonly #origin: FrameOrigin;
  /** In the order in which they began. */
  readonly #recordings = new Map<string, Recording>();
  readonly #spare: EventEncoder[] = [];
  readonly #open = new Set<Recording>();
  /** Containers that may have been recorded before us. */
  readonly #before = new Set<string>();
  #hasForgotten = false;
  #policy: RecorderPolicy = noRecording;
  #podLabels: LabelsOfPods = {};
  #workspace = "";
  #done: Buffer[] = [];

  constructor(origin: FrameOrigin) {
    this.#origin = origin;
  }

  setWorkspace(workspace: string): void {
    this.#workspace = workspace;
  }

  /**
   * From the next event on, with the labels of pods that are known. A container that goes on being recorded goes on under its
   * numbers.
   */
  setPolicy(policy: RecorderPolicy, podLabels: LabelsOfPods = {}): void {
    this.#policy = policy;
    this.#podLabels = podLabels;
    for (const recording of this.#recordings.values()) recording.isWanted = this.#isWanted(recording.names);
  }

  /** It was there when this process started. */
  ranBefore(containerId: string): void {
    if (this.#before.size < collectorLimits.containersMax) this.#before.add(containerId);
    else this.#hasForgotten = true;
  }

  /** True where it is recorded. */
  add(event: AtalayaEvent): boolean {
    if (this.#policy.scopes.length === 0 || !recordedClasses.has(event.class)) return false;
    const of = event as SyscallEvent;
    if (of.container_id === null || of.container_id === "" || of.container_id === "host") return false;
    const recording = this.#recordingOf(of, of.container_id);
    if (recording.isWanted) this.#record(recording, of);
    return recording.isWanted;
  }

  #record(recording: Recording, event: SyscallEvent): void {
    const position = (recording.newest.get(event.class) ?? 0) + 1;
    recording.newest.set(event.class, position);
    const timeUs = event.time_us ?? 0;
    let open = recording.open.get(event.class);
    const encoder = open?.encoder ?? this.#spare.pop() ?? new EventEncoder();
    try {
      encoder.add(event);
    } catch {
      // It is missing in the recording, and the next one's number says so.
      if (open === undefined) this.#spare.push(encoder);
      return;
    }
    if (open === undefined) {
      open = { encoder, count: 0, firstPosition: position, firstTimeUs: timeUs, lastTimeUs: timeUs };
      recording.open.set(event.class, open);
      this.#open.add(recording);
    }
    open.count += 1;
    open.firstTimeUs = Math.min(open.firstTimeUs, timeUs);
    open.lastTimeUs = Math.max(open.lastTimeUs, timeUs);
    const isLarge = encoder.length >= collectorLimits.recordedFrameBytesMax;
    if (isLarge || open.count >= limits.frameEventsMax) this.#close(recording, event.class, open);
  }

  /** All frames since the last call, each in memory of its own. */
  take(): Buffer[] {
    for (const recording of this.#open) this.#closeAll(recording);
    this.#open.clear();
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #recordingOf(event: SyscallEvent, containerId: string): Recording {
    const known = this.#recordings.get(containerId);
    if (known !== undefined) {
      if (!sameNames(known.names, event)) {
        known.names = namesOf(event);
        known.isWanted = this.#isWanted(known.names);
      }
      return known;
    }
    const names = namesOf(event);
    const isFirst = !this.#hasForgotten && !this.#before.has(containerId);
    const id = recordingName(isFirst, randomBytes(7));
    const made = { containerId, names, isWanted: this.#isWanted(names), id, newest: new Map(), open: new Map() };
    this.#recordings.set(containerId, made);
    if (this.#recordings.size > collectorLimits.recordingsMax) this.#forgetOldest();
    return made;
  }

  /** A container that comes again begins another recording. */
  #forgetOldest(): void {
    const [oldest] = this.#recordings.values();
    if (oldest === undefined) return;
    this.#closeAll(oldest);
    this.#open.delete(oldest);
    this.#recordings.delete(oldest.containerId);
    this.#hasForgotten = true;
  }

  #isWanted(names: Names): boolean {
    return isRecorded(this.#policy, {
      cluster: this.#origin.cluster,
      namespace: names.k8s_namespace,
      pod: names.k8s_pod,
      container: names.container_name,
      image: names.container_image,
      labels: labelsOf(this.#podLabels, names.k8s_pod_uid),
    });
  }

  #closeAll(recording: Recording): void {
    for (const [name, open] of recording.open) this.#close(recording, name, open);
  }

  #close(recording: Recording, name: EventClass, open: Open): void {
    const { count: eventCount, firstPosition, firstTimeUs, lastTimeUs, encoder } = open;
    const { streams, ...origin } = this.#origin;
    const lastPosition = recording.newest.get(name) ?? firstPosition;
    const of = { ...origin, workspace: this.#workspace, layoutHash: recording.id, containerId: recording.containerId };
    const span = { eventCount, firstPosition, lastPosition, firstTimeUs, lastTimeUs };
    const ring = name === "process" ? rings.lifecycle : rings.bulk;
    this.#done.push(encodeFrame({ class: name, ring, ...span, ...of }, encoder.bytes()));
    recording.open.delete(name);
    encoder.reset();
    if (this.#spare.length < collectorLimits.recorderEncodersMax) this.#spare.push(encoder);
  }
}

function namesOf({ k8s_namespace, k8s_pod, k8s_pod_uid, container_name, container_image }: SyscallEvent): Names {
  return { k8s_namespace, k8s_pod, k8s_pod_uid, container_name, container_image };
}

function sameNames(one: Names, other: Names): boolean {
  return (
    one.k8s_namespace === other.k8s_namespace &&
    one.k8s_pod === other.k8s_pod &&
    one.k8s_pod_uid === other.k8s_pod_uid &&
    one.container_name === other.container_name &&
    one.container_image === other.container_image
  );
}
