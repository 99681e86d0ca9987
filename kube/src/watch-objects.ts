import type { Result } from "@atalaya/wire/framing";
import type { KubeClient } from "./kube-client.ts";
import { kubeLimits } from "./limits.ts";
import { acceptOf, type Collection, selectors } from "./list-objects.ts";
import { statusFault } from "./status-fault.ts";

/** One word of a watch. `bookmark`: everything up to this version was told. */
export type WatchNews =
  | { type: "added" | "modified" | "deleted"; object: unknown }
  | { type: "bookmark"; resourceVersion: string };

const types = { ADDED: "added", MODIFIED: "modified", DELETED: "deleted" } as const;

/**
 * What happens to a collection after `resourceVersion`, until the API server ends the watch, which it does after some
 * minutes. A line that is too long, no JSON, or of an unknown type is a value. Throws as KubeClient does; Fault KUBE_REFUSED
 * with status 410 (`isGone`) where what happened since is gone from etcd: list again.
 */
export async function* watchObjects(
  client: KubeClient,
  collection: Collection,
  resourceVersion: string,
  options: { signal?: AbortSignal | undefined; seconds?: number } = {},
): AsyncGenerator<Result<WatchNews>> {
  const call = {
    path: collection.path,
    accept: acceptOf(collection, ""),
    query: {
      ...selectors(collection),
      ...{ watch: true, allowWatchBookmarks: true, resourceVersion },
      timeoutSeconds: options.seconds ?? kubeLimits.watchS,
    },
    signal: options.signal,
    lineBytesMax: kubeLimits.itemBytesMax,
  };
  for await (const line of client.lines(call)) {
    if (!line.ok) {
      yield line;
      continue;
    }
    const { type, object } = (line.value ?? {}) as { type?: unknown; object?: unknown };
    if (type === "ERROR") throw statusFault(object, collection.path, 500);
    if (type === "BOOKMARK") {
      const version = (object as { metadata?: { resourceVersion?: unknown } } | null)?.metadata?.resourceVersion;
      if (typeof version === "string") yield { ok: true, value: { type: "bookmark", resourceVersion: version } };
      continue;
    }
    const known = Object.hasOwn(types, String(type)) ? types[type as keyof typeof types] : undefined;
    if (known === undefined) yield { ok: false, code: "BODY_MALFORMED", reason: "a watch's line of an unknown type" };
    else yield { ok: true, value: { type: known, object } };
  }
}
