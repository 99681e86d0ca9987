import { existsSync } from "node:fs";
import { join } from "node:path";
import { mountsBelow } from "../../simulator/src/mounts.ts";
import { type GroupFigures, readGroup } from "../bench/limited-group.ts";
import type { Cluster } from "./cluster.ts";

const classes = ["", "burstable", "besteffort"];

/** What the kernel charged to one pod (all its containers, and what was run in them), by the group that the kubelet made. */
export async function podFigures(cluster: Cluster, namespace: string, pod: string): Promise<GroupFigures> {
  const uid = (await cluster.mustKubectl(["-n", namespace, "get", pod, "-o", "jsonpath={.metadata.uid}"])).trim();
  const folders = mountsBelow("/sys/fs/cgroup")
    .flatMap((mount) => classes.map((name) => join(mount, cluster.place.name, "kubepods", name, `pod${uid}`)))
    .filter(existsSync);
  if (folders.length === 0) throw new Error(`${pod} has no control group`);
  return readGroup(folders);
}
