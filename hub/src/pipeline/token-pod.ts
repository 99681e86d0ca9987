import type { ApiEvent } from "@atalaya/wire";
import * as z from "zod";

export type TokenPod = { namespace: string; pod: string; pod_uid: string | null };

const name = z.string().min(1).max(253);
const first = (value: z.ZodType<string>) => z.array(value).min(1);
const recordSchema = z.object({
  user: z.object({
    extra: z.object({
      "authentication.kubernetes.io/pod-name": first(name),
      "authentication.kubernetes.io/pod-uid": first(name).optional(),
    }),
  }),
});

/**
 * The pod whose own token made a request: the API server writes a bound token's pod into the record (`user.extra`).
 * Undefined for anybody else than a service account, and for tokens that are bound to no pod.
 */
export function podOfToken({ user_name, record }: Pick<ApiEvent, "user_name" | "record">): TokenPod | undefined {
  const namespace = /^system:serviceaccount:([^:]+):[^:]+$/.exec(user_name ?? "")?.[1];
  if (namespace === undefined || record === null) return undefined;
  const read = recordSchema.safeParse(parseJson(record));
  if (!read.success) return undefined;
  const { extra } = read.data.user;
  const pod = extra["authentication.kubernetes.io/pod-name"][0];
  if (pod === undefined) return undefined;
  return { namespace, pod, pod_uid: extra["authentication.kubernetes.io/pod-uid"]?.[0] ?? null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
