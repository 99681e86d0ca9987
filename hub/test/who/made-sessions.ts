import type { Session, Start } from "../../src/who/session.ts";

/** A session that opened at `atUs` and whose records are all there. */
export function session(of: Partial<Session> & { id: string }): Session {
  const receivedUs = of.receivedUs ?? 0;
  const kind = of.kind ?? "exec";
  const told = { kind, user: of.id, groups: [], source_ips: [], audit_id: of.id, received_us: receivedUs };
  return {
    kind,
    namespace: "shop",
    pod: "web-0",
    container: "web",
    command: ["bash"],
    receivedUs,
    startedUs: receivedUs,
    endedUs: null,
    told,
    ...of,
  };
}

export function start(of: Partial<Start> & { key: string }): Start {
  return { container: "web", argv: ["bash"], script: null, isCut: false, timeUs: 0, first: "no", ...of };
}

export const seconds = (n: number): number => Math.round(n * 1e6);
