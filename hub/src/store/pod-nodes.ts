import { whoLimits } from "../who/limits.ts";
import type { OpenDatabase } from "./node-sqlite.ts";
import type { HubTables } from "./schema.ts";
import type { PodKey } from "./who-rows.ts";

type Db = OpenDatabase<HubTables>;

/** On which nodes a pod ran, as the cluster's inventory told: what another node says of the pod is not believed. */
export class PodNodes {
  readonly #pods: { node: string | null; created_us: number; gone_us: number | null }[];

  constructor(db: Db, key: PodKey) {
    const pods = db.query
      .selectFrom("inventory_objects")
      .select(["node", "created_us", "gone_us"])
      .where("workspace_id", "=", key.workspaceId)
      .where("kind", "=", "Pod")
      .where("cluster", "=", key.cluster)
      .where("namespace", "=", key.namespace)
      .where("name", "=", key.pod);
    this.#pods = db.rows(pods.orderBy("created_us", "desc").limit(whoLimits.podsOfNameMax));
  }

  /** The nodes on which it ran within the time; undefined where the inventory does not know of all of it. */
  within(fromUs: number, toUs: number): string[] | undefined {
    const skew = whoLimits.clockSkewUs;
    const nodes = new Set<string>();
    /** Up to when it is known, from the time's start on. */
    let knownUs = Number.NEGATIVE_INFINITY;
    for (const { node, created_us, gone_us } of this.#pods.toReversed()) {
      const endUs = gone_us === null ? Number.POSITIVE_INFINITY : gone_us + skew;
      if (endUs < fromUs || created_us - skew > toUs) continue;
      if (node === null) return undefined;
      nodes.add(node);
      if (created_us - skew <= Math.max(knownUs, fromUs)) knownUs = Math.max(knownUs, endUs);
    }
    return knownUs >= toUs ? [...nodes] : undefined;
  }

  /** Whether the pod of that name ran on the node then; undefined where the inventory does not know. */
  mayRun(node: string, timeUs: number): boolean | undefined {
    const skew = whoLimits.clockSkewUs;
    const then = this.#pods.filter(
      ({ created_us, gone_us }) => created_us - skew <= timeUs && (gone_us === null || gone_us + skew >= timeUs),
    );
    if (then.length === 0 || then.some((pod) => pod.node === null)) return undefined;
    return then.some((pod) => pod.node === node);
  }
}
