import type { FilePrint } from "./file-print.ts";

/** A file of a log, and where what was read of it ends. */
export type ReadFile = FilePrint & { end: number };

/**
 * How far a log was read: what is kept to go on later, under whichever names its files lie then. `position` counts the
 * bytes of all files that were read, one after another, and only grows.
 */
export type LogPlace = {
  position: number;
  /** Of the files that are there. */
  files: readonly ReadFile[];
  /** The one that was being read: there may be more in it. */
  open?: ReadFile | undefined;
};
