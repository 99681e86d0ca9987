import type { DoneBy } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";
import type { Session } from "./session.ts";

/** A line of processes that raised an alert, and when. */
export type Line = {
  container: string | null;
  firstUs: number;
  lastUs: number;
  /** How it came into its container, as far as that was seen. */
  origin: "first" | "entered" | "unknown";
};

/**
 * Who was there without starting anything: `attach` reaches the container's own first process and what comes from it;
 * a forwarded port reaches whoever listens in the pod.
 */
export function presentAt(sessions: readonly Session[], line: Line): DoneBy[] {
  if (line.origin === "entered") return [];
  const open = sessions.filter((one) => isOpenDuring(one, line));
  const attached = open.filter(
    (one) => one.kind === "attach" && (one.container === null || one.container === line.container),
  );
  const forwarding = open.filter((one) => one.kind === "port-forward");
  return [
    ...present("attached", attached, line.origin === "first" ? "medium" : "low"),
    ...present("connected", forwarding, "low"),
  ];
}

function present(how: DoneBy["how"], sessions: readonly Session[], confidence: DoneBy["confidence"]): DoneBy[] {
  const told = sessions.slice(-whoLimits.namedMax).map((one) => one.told);
  if (told.length === 0) return [];
  const users = new Set(told.map((one) => one.user));
  const certainty = users.size === 1 && confidence === "medium" ? "known" : "ambiguous";
  return [
    { how, certainty, confidence: certainty === "known" ? confidence : "low", reason: "present", sessions: told },
  ];
}

function isOpenDuring({ receivedUs, startedUs, endedUs }: Session, { firstUs, lastUs }: Line): boolean {
  const skew = whoLimits.clockSkewUs;
  const untilUs = endedUs === null ? Number.POSITIVE_INFINITY : endedUs + skew;
  return (startedUs ?? receivedUs) - skew <= lastUs && untilUs >= firstUs;
}
