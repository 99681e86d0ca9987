/** Which starts each session may have begun: `edges[s]` are indexes of starts. */
export type Edges = readonly (readonly number[])[];

/**
 * Each session began one process, each process has one session at most. Finds what follows from that: for each start the
 * sessions that it may belong to in some assignment that gives every session a process. Undefined where there is no such
 * assignment: then some process is missing, and nothing follows. (Augmenting paths: H. W. Kuhn 1955; C. Berge 1957.)
 */
export function possibleSessions(edges: Edges, starts: number): number[][] | undefined {
  const owner = new Array<number>(starts).fill(-1);
  for (let session = 0; session < edges.length; session++) {
    if (!augment(edges, owner, session, new Set())) return undefined;
  }
  const possible: number[][] = Array.from({ length: starts }, () => []);
  for (const [session, some] of edges.entries()) {
    for (const start of some) if (canOwn(edges, owner, session, start)) possible[start]?.push(session);
  }
  return possible;
}

/** Whether every session still has a process when this one has that start. */
function canOwn(edges: Edges, owner: readonly number[], session: number, start: number): boolean {
  const displaced = owner[start] ?? -1;
  if (displaced === session || displaced < 0) return true;
  const tried = [...owner];
  const left = tried.indexOf(session);
  if (left >= 0) tried[left] = -1;
  tried[start] = session;
  return augment(edges, tried, displaced, new Set([start]));
}

/** Finds the session a start, moving others where they have another one. `seen` are starts not to be touched. */
function augment(edges: Edges, owner: number[], session: number, seen: Set<number>): boolean {
  for (const start of edges[session] ?? []) {
    if (seen.has(start)) continue;
    seen.add(start);
    const displaced = owner[start] ?? -1;
    if (displaced >= 0 && !augment(edges, owner, displaced, seen)) continue;
    owner[start] = session;
    return true;
  }
  return false;
}
