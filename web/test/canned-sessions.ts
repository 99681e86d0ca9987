import type { DoneBy, PodSession } from "@atalaya/wire/api";

/** An exec session of a minute ago. */
export function makeSession(change: Partial<PodSession> = {}): PodSession {
  return {
    kind: "exec",
    user: "ana",
    groups: ["developers", "system:authenticated"],
    source_ips: ["198.51.100.7"],
    user_agent: "kubectl/v1.34.4 (linux/amd64)",
    container: "php",
    command: ["bash"],
    audit_id: "5b1f",
    received_us: (Date.now() - 60_000) * 1_000,
    ...change,
  };
}

/** Who did it: known, by that session. */
export function makeDoneBy(change: Partial<DoneBy> = {}): DoneBy {
  const sessions = [makeSession()];
  return { how: "started", certainty: "known", confidence: "high", reason: "only_match", sessions, ...change };
}
