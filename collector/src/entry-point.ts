import type { Task } from "./kernel-record.ts";

/** By which process a line of processes came into its container. */
export type EntryPoint = { pid: number; startUs: number };

/** Where a process is, as far as it is known: the container, and how its line came there. */
export type Place = {
  /** "host" outside every container; null where it is not known. */
  containerId: string | null;
  entry: EntryPoint | null;
};

/**
 * The container of a process whose control group is `met`'s: the one that it, or who made it, was in before (`home`). A
 * container's process that leaves its control group, for the host's or another container's, stays its container's; and so
 * does what a runtime inside of it makes. Only from the host a process goes into a container.
 */
export function keptIn<C extends { readonly id: string | null }>(home: C | null, met: C): C {
  return home === null || home.id === met.id ? met : home;
}

/** Whether it is a container, and known. */
export function isContainer({ id }: { readonly id: string | null }): boolean {
  return id !== null && id !== "host";
}

/** What a process needs of its parent, as it was at the birth. `isSure`: the parent is who started it, not who took it over. */
export type Above = Place & { isSure: boolean };

export const nowhere: Place = { containerId: null, entry: null };

/**
 * The place of a process that was met in a container: its line goes on where the parent is in the same container, and
 * begins with it where the parent is outside. Of a parent that is not known nothing follows.
 */
export function placeOf(of: EntryPoint, containerId: string | null, above: Above | null): Place {
  if (containerId === null) return nowhere;
  if (containerId === "host" || above === null || above.containerId === null) return { containerId, entry: null };
  if (above.containerId !== containerId) return { containerId, entry: { pid: of.pid, startUs: of.startUs } };
  return { containerId, entry: above.isSure ? above.entry : null };
}

/** Whether a process whose birth was not seen may have been taken over by this parent: orphans go to a namespace's first process. */
export function mayAdopt(parent: Pick<Task, "nsPid">): boolean {
  return parent.nsPid === 1;
}
