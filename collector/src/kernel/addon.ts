import { createRequire } from "node:module";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";

/** The face of addon.node (collector/addon/addon.c). Outcomes are "" or an error's name, a line break, and the log. */
export type Addon = {
  load(objectPath: string, program: string): string;
  attach(program: string): string;
  attachTracepoint(program: string, event: string): string;
  attachCgroup(program: string, directory: string): string;
  openRing(map: string): number;
  drain(ring: number, into: Buffer): number;
  release(ring: number, position: number): void;
  /** [produced, released, read, size, refused] */
  ringState(ring: number): [number, number, number, number, number];
  mapUpdate(map: string, keys: Buffer, values: Buffer): number;
  mapDelete(map: string, keys: Buffer): number;
  mapLookup(map: string, key: Buffer): Buffer;
  iterate(program: string): Buffer;
  close(): void;
};

/** Loads the built addon. Throws Fault SENSOR_UNAVAILABLE when it is missing or its libraries are. */
export function loadAddon(objectFolder: string): Addon {
  const file = join(objectFolder, "addon.node");
  try {
    return createRequire(import.meta.url)(file) as Addon;
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new Fault("SENSOR_UNAVAILABLE", `The sensor's addon does not load: ${why}. Build it and install libbpf1.`, {
      file,
    });
  }
}
