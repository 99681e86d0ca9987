import * as z from "zod";
import type { Subject } from "../report/arrival-list.ts";
import type { Kube } from "./kube.ts";

const podSchema = z.object({
  spec: z.object({ nodeName: z.string().optional() }),
  status: z.object({
    containerStatuses: z.array(z.object({ containerID: z.string().optional() })).optional(),
  }),
});

/** The victim as alerts name it. `containerID` is `containerd://` and 64 digits. */
export async function victimSubject(kube: Kube, namespace: string): Promise<Subject> {
  const { status } = await kube.get(["get", "pod", "victim", "--namespace", namespace], podSchema);
  const ids = (status.containerStatuses ?? []).map(({ containerID }) => containerID?.split("://")[1] ?? "");
  return {
    containerIds: ids.filter((id) => id !== ""),
    pod: { namespace, name: "victim" },
    user: `system:serviceaccount:${namespace}:victim`,
  };
}

const waitingSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        phase: z.string().optional(),
        message: z.string().optional(),
        conditions: z.array(z.object({ status: z.string(), message: z.string().optional() })).optional(),
        containerStatuses: z.array(containerState()).optional(),
        initContainerStatuses: z.array(containerState()).optional(),
      }),
    }),
  ),
});

function containerState() {
  const reason = z.object({ reason: z.string().optional(), message: z.string().optional() }).optional();
  return z.object({ name: z.string(), state: z.object({ waiting: reason, terminated: reason }).optional() });
}

/** What a kubelet does not get over by itself: an image that it may not pull, a container that has ended. */
const final = /: (ErrImageNeverPull|InvalidImageName|Error|OOMKilled)\b/;
/** What it tries again, mostly in vain. */
const doubtful = /: (ImagePullBackOff|CreateContainerConfigError)\b/;

/** How bad a pod's reason is, as `whyPodsWait` words it. */
export function outlook(why: string): "final" | "doubtful" | "open" {
  if (final.test(why)) return "final";
  return doubtful.test(why) ? "doubtful" : "open";
}

/** Why the pods do not start, as the kubelet and the scheduler say it: one line each. */
export async function whyPodsWait(kube: Kube, namespace: string): Promise<string[]> {
  const { items } = await kube.get(["get", "pods", "--namespace", namespace], waitingSchema);
  return items.flatMap(({ metadata: { name }, status }) => {
    const states = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
    const reasons = states.flatMap((one) => {
      const why = one.state?.waiting ?? one.state?.terminated;
      const words = [why?.reason, why?.message].filter((word) => word !== undefined && word !== "");
      return words.length === 0 || why?.reason === "Completed" ? [] : [`${name}/${one.name}: ${words.join(": ")}`];
    });
    if (reasons.length > 0) return reasons;
    const conditions = (status.conditions ?? []).filter((one) => one.status === "False" && one.message !== undefined);
    return conditions.slice(0, 1).map(({ message }) => `${name}: ${message}`);
  });
}
