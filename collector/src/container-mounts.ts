import { collectorLimits } from "./limits.ts";
import { at, shown } from "./small-file.ts";

// What a container's OCI config mounts from its host. What the runtime makes anew inside (proc, sysfs, tmpfs) is none of it.

/**
 * Three strings for each mount: where it is on the host, where in the container, and `rw` or `ro` with how later mounts
 * spread, as in `ro,rprivate`. null where the config says nothing of mounts. Of more than are told, those with the shortest
 * paths are (a host's own folders are short, the kubelet's long), in the config's order, with a last string "…".
 */
export function mountsOf(config: unknown): readonly string[] | null {
  const mounts = at(config, "mounts");
  if (!Array.isArray(mounts)) return null;
  const all = mounts.flatMap((mount) => {
    const one = mountOf(mount);
    return one === undefined ? [] : [one];
  });
  const told = fitting(all);
  return told.length === all.length ? told.flat() : [...told.flat(), "…"];
}

type Mount = readonly [source: string, destination: string, options: string];

function mountOf(mount: unknown): Mount | undefined {
  const [source, destination, type, options] = ["source", "destination", "type", "options"].map((key) =>
    at(mount, key),
  );
  const given = Array.isArray(options) ? options : [];
  const isOfHost = type === "bind" || given.includes("bind") || given.includes("rbind");
  if (!isOfHost || typeof source !== "string" || typeof destination !== "string") return undefined;
  const access = given.includes("ro") || given.includes("rro") ? "ro" : "rw";
  const spread = given.findLast((one) => propagations.has(one));
  return [pathText(source), pathText(destination), spread === undefined ? access : `${access},${spread}`];
}

const propagations: ReadonlySet<unknown> = new Set(
  ["private", "slave", "shared", "unbindable"].flatMap((one) => [one, `r${one}`]),
);

function pathText(path: string): string {
  const { mountPathMax } = collectorLimits;
  return shown(path.length > mountPathMax ? `${path.slice(0, mountPathMax - 1)}…` : path);
}

function fitting(all: readonly Mount[]): readonly Mount[] {
  let [count, length] = [0, 0];
  const kept = new Set<Mount>();
  for (const mount of all.toSorted(([a], [b]) => a.length - b.length)) {
    count += 1;
    length += mount.join("").length;
    if (count > collectorLimits.mountsMax || length > collectorLimits.mountsLengthMax) break;
    kept.add(mount);
  }
  return all.filter((mount) => kept.has(mount));
}
