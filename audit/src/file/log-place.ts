import type { FilePrint } from "./file-print.ts";

/**
 * A file of a log: its first line, where what was read of it ends, and the hash of what lies before that (`tail`). Without
 * a tail it is half a line, known by its beginning, or was written down by an earlier version.
 */
export type ReadFile = FilePrint & { end: number; tail?: string | undefined };

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
  /** Among `files` are the compressed ones; absent in what an earlier version kept. */
  knowsCompressed?: true | undefined;
};
