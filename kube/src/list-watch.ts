import { setTimeout as wait } from "node:timers/promises";
import { BackOff, type Fault, type Result } from "@atalaya/wire/framing";
import type { KubeClient } from "./kube-client.ts";
import { kubeLimits } from "./limits.ts";
import { type Collection, type ListEnd, listObjects } from "./list-objects.ts";
import { isGone } from "./status-fault.ts";
import { watchObjects } from "./watch-objects.ts";

/** Who is told. Each call is awaited before the next object is read: to wait is to hold the API server back. */
export type Follower = {
  /** A list begins: the first, or again. May wait for its turn. */
  listing(): void | Promise<void>;
  listed(object: unknown): void | Promise<void>;
  /** Every object that was there was told since `listing`. */
  complete(end: ListEnd): void | Promise<void>;
  /** The list did not come to its end, and begins anew. */
  brokenOff(): void;
  changed(change: { type: "added" | "modified" | "deleted"; object: unknown }): void | Promise<void>;
  /** An object or a line could not be read: left out. */
  unreadable(of: Extract<Result<never>, { ok: false }>): void;
  /** Changes since the last list are gone (410). */
  gone(): void;
  /** Why nothing comes now; undefined when it comes again. */
  troubled(fault: Fault | undefined): void;
};

export type FollowOptions = {
  signal: AbortSignal;
  /** All is listed again after so long, whatever the watch told: what was lost on the way heals. */
  relistMs?: number;
  random?: () => number;
};

/**
 * Lists a collection and watches it from there on, for ever: a watch that ends is resumed where it was (bookmarks keep that
 * young), one whose place is gone from etcd (410) is followed by a new list, and failures by a pause. Ends when the signal
 * aborts. Throws what is no fault of the API server: what the follower throws.
 */
export async function follow(
  client: KubeClient,
  collection: Collection,
  follower: Follower,
  options: FollowOptions,
): Promise<void> {
  const backOff = new BackOff(kubeLimits.backOff, options.random);
  let version: string | undefined;
  let listAgainMs = 0;
  while (!options.signal.aborted) {
    const begunMs = performance.now();
    try {
      if (version === undefined || begunMs >= listAgainMs) {
        version = await list(client, collection, follower, options.signal);
        // Not all kinds, and not all clients, in the same minute.
        listAgainMs = performance.now() + (options.relistMs ?? kubeLimits.relistMs) * (0.75 + random(options) / 2);
      }
      follower.troubled(undefined);
      const leftS = Math.max(1, Math.ceil((listAgainMs - performance.now()) / 1_000));
      const seconds = Math.min(leftS, Math.ceil(kubeLimits.watchS * (1 + random(options))));
      for await (const news of watchObjects(client, collection, version, { signal: options.signal, seconds }))
        version = (await tell(follower, news)) ?? version;
      // A watch that ends at once, again and again, is trouble as well.
      if (performance.now() - begunMs > kubeLimits.watchLeastMs) backOff.reset();
      else await pause(backOff, options.signal);
    } catch (error) {
      if (options.signal.aborted) return;
      if (isGone(error)) {
        version = undefined;
        follower.gone();
      } else if (isOfServer(error)) follower.troubled(error);
      else throw error;
      await pause(backOff, options.signal);
    }
  }
}

async function list(client: KubeClient, collection: Collection, follower: Follower, signal: AbortSignal) {
  await follower.listing();
  let isWhole = false;
  try {
    const objects = listObjects(client, collection, signal);
    for (;;) {
      const next = await objects.next();
      if (next.done === true) {
        await follower.complete(next.value);
        isWhole = true;
        return next.value.resourceVersion;
      }
      if (next.value.ok) await follower.listed(next.value.value);
      else follower.unreadable(next.value);
    }
  } finally {
    if (!isWhole) follower.brokenOff();
  }
}

/** Gives the version up to which all was told; undefined where the news has none. */
async function tell(
  follower: Follower,
  news: Awaited<ReturnType<ReturnType<typeof watchObjects>["next"]>>["value"],
): Promise<string | undefined> {
  if (!news.ok) {
    follower.unreadable(news);
    return undefined;
  }
  if (news.value.type === "bookmark") return news.value.resourceVersion;
  await follower.changed(news.value);
  const { metadata } = (news.value.object ?? {}) as { metadata?: { resourceVersion?: unknown } };
  return typeof metadata?.resourceVersion === "string" ? metadata.resourceVersion : undefined;
}

function isOfServer(error: unknown): error is Fault {
  const code = (error as Partial<Fault> | undefined)?.code;
  return (
    code === "KUBE_UNREACHABLE" || code === "KUBE_REFUSED" || code === "KUBE_UNUSABLE" || code === "BODY_TOO_LARGE"
  );
}

async function pause(backOff: BackOff, signal: AbortSignal): Promise<void> {
  await wait(backOff.nextMs(), undefined, { signal }).catch(() => {});
}

function random({ random: given = Math.random }: FollowOptions): number {
  return given();
}
