import { Fault, type Result } from "@atalaya/wire/framing";
import type { KubeClient } from "./kube-client.ts";
import { kubeLimits } from "./limits.ts";
import { ListCutter } from "./list-cutter.ts";

/** What is listed and watched: all objects of one kind, e.g. `/api/v1/pods`. */
export type Collection = {
  path: string;
  /** Without spec and status (PartialObjectMetadata): a fraction of the bytes. */
  metadataOnly?: boolean;
  fieldSelector?: string;
  labelSelector?: string;
  /** Objects of one page of a list. */
  pageSize?: number;
};

export type ListEnd = {
  /** From where to watch. */
  resourceVersion: string;
  /** The API server's clock at the first page, to the second; undefined where it did not tell. */
  serverTimeMs: number | undefined;
};

/**
 * Lists a collection page after page and gives each object as it comes; a caller that waits holds the connection back, and
 * memory holds one object. One that is too large is a value. Throws as KubeClient does; Fault KUBE_REFUSED with status 410
 * where the list took so long that its snapshot is gone from etcd: begin anew.
 */
export async function* listObjects(
  client: KubeClient,
  collection: Collection,
  signal?: AbortSignal,
): AsyncGenerator<Result<unknown>, ListEnd> {
  let next: string | undefined;
  let serverTimeMs: number | undefined;
  for (;;) {
    const answer = await client.open({
      path: collection.path,
      accept: acceptOf(collection, "List"),
      query: {
        ...selectors(collection),
        limit: collection.pageSize ?? kubeLimits.listPageSize,
        ...(next !== undefined && { continue: next }),
      },
      signal,
    });
    serverTimeMs ??= timeOf(answer.headers.date);
    const cutter = new ListCutter(kubeLimits.itemBytesMax);
    try {
      for await (const chunk of answer) yield* cutter.push(chunk as Buffer);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw cause instanceof Fault ? cause : broken(client, collection, cause);
    } finally {
      answer.destroy();
    }
    const metadata = cutter.frame()?.["metadata"] as { resourceVersion?: unknown; continue?: unknown } | undefined;
    if (typeof metadata?.resourceVersion !== "string") throw broken(client, collection, undefined);
    if (typeof metadata.continue !== "string" || metadata.continue === "")
      return { resourceVersion: metadata.resourceVersion, serverTimeMs };
    next = metadata.continue;
  }
}

/** The media type of a collection's objects: `as` is "List" for lists, "" for a watch. */
export function acceptOf({ metadataOnly }: Collection, as: "List" | ""): string {
  return metadataOnly === true
    ? `application/json;as=PartialObjectMetadata${as};g=meta.k8s.io;v=v1`
    : "application/json";
}

export function selectors({ fieldSelector, labelSelector }: Collection): Record<string, string> {
  return {
    ...(fieldSelector !== undefined && { fieldSelector }),
    ...(labelSelector !== undefined && { labelSelector }),
  };
}

function timeOf(date: string | undefined): number | undefined {
  const ms = Date.parse(date ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}

function broken(client: KubeClient, { path }: Collection, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : "it is no list, or ended in the middle";
  const message = `A list of the Kubernetes API server at ${client.url} broke off (${why})`;
  return new Fault("KUBE_UNREACHABLE", message, { path, why }, cause);
}
