import type { AtalayaEvent, LabelsOfPods, RecorderPolicy } from "@atalaya/wire";
import type { RingName, StreamName } from "./frame-builder.ts";

/** Where events go: into frames for the publisher, or into lines for a terminal. */
export type Outlet = {
  add(event: AtalayaEvent, ring: RingName, position: number, stream: StreamName): boolean;
  /** For the flight recorder alone; false where the container is none that is recorded. */
  record(event: AtalayaEvent): boolean;
  /** A container that was there at the start: it may have been recorded by an earlier process. */
  ranBefore(containerId: string): void;
  /** Of what is added from here on. */
  setWorkspace(workspace: string): void;
  /** Which containers are recorded, from here on; with the labels of pods, by uid, that are known. */
  setRecorder(policy: RecorderPolicy, podLabels: LabelsOfPods): void;
  /** With `isWhole`, also what an outlet gathers for later. Hands on what was added; gives how many parcels and bytes went, to be acknowledged later in this order. */
  flush(isWhole?: boolean): { parcels: number; bytes: number };
};
