import * as z from "zod";
import type { Cluster } from "./cluster.ts";

const endSchema = z.object({ terminated: z.object({ reason: z.string().default("") }).optional() }).default({});
const podSchema = z.object({
  status: z.object({
    containerStatuses: z.array(z.object({ restartCount: z.number(), state: endSchema, lastState: endSchema })).min(1),
  }),
});

/**
 * How often the kubelet started containers of a pod anew, and why those that ended did (`OOMKilled`). The kernel's own
 * count of a version 1 control group begins at zero with each container, so that there it tells nothing of one that is gone.
 */
export async function podDeaths(
  cluster: Cluster,
  namespace: string,
  pod: string,
): Promise<{ restarts: number; reasons: string[] }> {
  const { status } = podSchema.parse(
    JSON.parse(await cluster.mustKubectl(["-n", namespace, "get", pod, "-o", "json"])),
  );
  const all = status.containerStatuses;
  return {
    restarts: all.reduce((sum, one) => sum + one.restartCount, 0),
    reasons: all.flatMap(({ state, lastState }) => [state, lastState].flatMap((end) => end.terminated?.reason ?? [])),
  };
}
