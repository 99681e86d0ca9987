import { createRequire } from "node:module";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";

/** The face of addon.node (collector/addon/addon.c). Outcomes are "" or an error's name, a line break, and the log. */
export type Addon = {
  /** All of the programs (names parted by spaces) or none. */
  load(objectPath: string, programs: string): string;
  /** Hangs a program that does nothing at the end of a function of the kernel, and takes it off again. */
  hookable(function_: string): string;
  attach(program: string): string;
  attachTracepoint(program: string, event: string): string;
  attachCgroup(program: string, directory: string): string;
  /** Takes a program off its hook, once no pin of its link is left; one that was taken over has to be loaded again then. */
  detach(program: string): string;
  /** ENOLINK where somebody else took the program off its hook; other errors where the kernel cannot say. */
  hangs(program: string): string;
  /** How often the kernel left the program out because it was at work on that processor already; 0 where nobody knows. */
  missed(program: string): number;
  openRing(map: string): number;
  drain(ring: number, into: Buffer): number;
  release(ring: number, position: number): void;
  /** [produced, released, read, size, refused, 1 where the last drain left something behind] */
  ringState(ring: number): [number, number, number, number, number, number];
  /** Calls `wake` on this thread whenever a wait ends by itself. */
  onFilled(wake: () => void): void;
  /**
   * Begins a wait (and ends the one before), until something lies in a ring that is not drained, or `atMostMs` are over. The
   * kernel's programs tell of it; those of an earlier process do not, and then a look is taken every `everyMs`, that wakes nobody here.
   */
  waitFilled(everyMs: number, atMostMs: number): void;
  mapUpdate(map: string, keys: Buffer, values: Buffer): number;
  mapDelete(map: string, keys: Buffer): number;
  mapLookup(map: string, key: Buffer): Buffer;
  /**
   * Of a map of 64-bit numbers with one value a processor, `into` as doubles: each entry's numbers, summed over processors, from
   * the first entry on until there are no more, or no more room. Gives how many entries those are.
   */
  mapSums(map: string, into: Buffer): number;
  /** "" when the folder is ours until `close` or this process' end; else the error, EAGAIN when another has it. */
  lockFolder(path: string): string;
  /** Somebody reads, and is expected again within so many milliseconds; 0: within those said before. */
  markRead(patienceMs: number): void;
  /** [type, bytes of a key, bytes of a value, entries] */
  mapShape(map: string): [number, number, number, number];
  /** All keys, one after the other. */
  mapKeys(map: string): Buffer;
  /** Names the map for as long as the machine runs. */
  mapId(map: string): number;
  /** A map of one value that no program knows. */
  makeMap(map: string, valueBytes: number): string;
  pinMap(map: string, path: string): string;
  pinLink(program: string, path: string): string;
  /** Takes over what an earlier process pinned at `path`; it goes by the name from then on. */
  adoptMap(map: string, path: string): string;
  adoptLink(program: string, path: string): string;
  /** The number of the program behind the link pinned at `path`. */
  programOfLink(path: string): number;
  /** As `missed`, of the program behind the link pinned at `path`. */
  missedOfLink(path: string): number;
  /** The types (BTF) of the program behind the link pinned at `path`. */
  typesOfLink(path: string): Buffer;
  programExists(program: number): boolean;
  /** Lets go of the maps whose names begin so, and of their rings. */
  forgetMaps(prefix: string): void;
  /** Says to the kernel side which maps, programs and links are ours now. */
  nameOwn(): string;
  /** The process at the other end of a Unix socket, by the socket's descriptor; 0 where nobody knows. */
  peerOf(descriptor: number): number;
  iterate(program: string): Buffer;
  /** Lets go of what is pinned: who removes the pins then does not wait until each program has ended. */
  letGo(): void;
  /** Lets go of everything; what is pinned goes on. */
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
