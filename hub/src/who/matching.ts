/** Which starts each session may have begun: `edges[s]` are indexes of starts. */
export type Edges = readonly (readonly number[])[];

/**
 * Each session began one process, each process has one session at most. Finds what follows from that: for each start the
 * sessions that it may belong to in some assignment that gives every session a process. Undefined where there is no such
 * assignment: then some process is missing, and nothing follows.
 *
 * One assignment is found by augmenting paths (H. W. Kuhn 1955). A session may have another start than its own there
 * when the one whose start it takes can go on to a free start, or in a circle back to the session's own (C. Berge 1957).
 */
export function possibleSessions(edges: Edges, starts: number): number[][] | undefined {
  const owner = new Array<number>(starts).fill(-1);
  for (let session = 0; session < edges.length; session++) {
    if (!augment(edges, owner, session, new Uint8Array(starts))) return undefined;
  }
  const reach = edges.map((_, session) => reachOf(edges, owner, session));
  const possible: number[][] = Array.from({ length: starts }, () => []);
  for (const [session, some] of edges.entries()) {
    for (const start of some) {
      const other = owner[start] ?? -1;
      const from = reach[other];
      if (other === session || from === undefined || from.free || from.sessions[session] === 1)
        possible[start]?.push(session);
    }
  }
  return possible;
}

/** Whose starts a session can come to by taking one after another, and whether it comes to one that nobody has. */
function reachOf(edges: Edges, owner: readonly number[], session: number): { sessions: Uint8Array; free: boolean } {
  const sessions = new Uint8Array(edges.length);
  sessions[session] = 1;
  let free = false;
  const open = [session];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const start of edges[at] ?? []) {
      const other = owner[start] ?? -1;
      if (other < 0) free = true;
      else if (sessions[other] === 0) {
        sessions[other] = 1;
        open.push(other);
      }
    }
  }
  return { sessions, free };
}

/** Finds the session a start, moving others where they have another one. `seen` are starts not to be touched. */
function augment(edges: Edges, owner: number[], session: number, seen: Uint8Array): boolean {
  for (const start of edges[session] ?? []) {
    if (seen[start] === 1) continue;
    seen[start] = 1;
    const displaced = owner[start] ?? -1;
    if (displaced >= 0 && !augment(edges, owner, displaced, seen)) continue;
    owner[start] = session;
    return true;
  }
  return false;
}
