import type { PodSession } from "@atalaya/wire";

/** A session as the join needs it: what an audit record says, its stages put together. */
export type Session = {
  /** Names the request, whatever its client chose as audit id. */
  id: string;
  kind: PodSession["kind"];
  namespace: string;
  pod: string;
  /** Null where the request named none: a pod's only one. */
  container: string | null;
  /** Redacted; null where it is not known. */
  command: readonly string[] | null;
  receivedUs: number;
  /** When the connection was upgraded; null where that record is missing. */
  startedUs: number | null;
  endedUs: number | null;
  /** What is told of it. */
  told: PodSession;
};

/** A process that came into a container from outside: the container's first, a session's first, or a probe's. */
export type Start = {
  key: string;
  container: string | null;
  /** Redacted. */
  argv: readonly string[];
  /** Of a script, the file that was executed: the arguments begin with its interpreter then. */
  script: string | null;
  /** The middle of the arguments was cut. */
  isCut: boolean;
  timeUs: number;
  /**
   * The container's own first process, no session's: `yes` where it is the first of a pid namespace of the container's
   * own. Where a container shares another's, the first that was seen of it is `maybe` that.
   */
  first: "yes" | "maybe" | "no";
};

export type Window = { fromUs: number; toUs: number };
