import { randomBytes } from "node:crypto";
import * as z from "zod";
import { limits } from "../limits.ts";
import type { Kube } from "./kube.ts";

// Everything of a run lies in one namespace of its own: what is left of a run that was killed is found by the label,
// and may be removed when its time is over. A run of somebody else that is under way is never touched.

const label = "atalaya.dev/simulation";
const overBy = "atalaya.dev/over-by";
export const releaseName = "atalaya-simulation";

/** The names that `newNamespaceName` makes. */
const runName = /^atalaya-simulation-[0-9a-f]{6}$/;

export function newNamespaceName(): string {
  return `atalaya-simulation-${randomBytes(3).toString("hex")}`;
}

/** Makes the namespace of a run, marked with the time after which anybody may remove it. */
export async function makeNamespace(kube: Kube, name: string, nowMs = Date.now()): Promise<void> {
  // At once with its marks: a run that is killed here leaves nothing that is not found again.
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      annotations: { [overBy]: new Date(nowMs + limits.runMs).toISOString() },
      // The stand-in for the metadata service needs NET_ADMIN for a moment, which `baseline` forbids.
      labels: { [label]: "run", "pod-security.kubernetes.io/enforce": "privileged" },
    },
  };
  await kube.mustKubectl(["create", "-f", "-"], { input: JSON.stringify(namespace) });
}

/** The next run may remove it. */
export async function leaveNamespace(kube: Kube, name: string): Promise<void> {
  await kube.mustKubectl(["annotate", "--overwrite", "namespace", name, `${overBy}=${new Date().toISOString()}`]);
}

/** Uninstalls the release and removes the namespace with all that is in it; no error when it is not there. */
export async function removeNamespace(kube: Kube, name: string): Promise<void> {
  // Helm first, so that its hooks and its own record go in order; the namespace takes whatever is left.
  await kube.helm(["uninstall", releaseName, "--namespace", name]).catch(() => undefined);
  const args = ["delete", "namespace", name, "--ignore-not-found", "--wait=true"];
  await kube.mustKubectl(args, { timeoutMs: limits.removeMs });
}

const namespaces = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string(), annotations: z.record(z.string(), z.string()).optional() }) }),
  ),
});

/**
 * Removes what earlier runs left that were killed, or ended with --keep. Returns how many there were. The marks alone do
 * not do: whoever may label a namespace could have another one deleted by whoever simulates.
 */
export async function removeOverdueRuns(kube: Kube, nowMs = Date.now()): Promise<number> {
  const { items } = await kube.get(["get", "namespaces", "-l", `${label}=run`], namespaces);
  const overdue = items.filter(
    ({ metadata }) => runName.test(metadata.name) && isOver(metadata.annotations?.[overBy], nowMs),
  );
  for (const { metadata } of overdue) await removeNamespace(kube, metadata.name);
  return overdue.length;
}

function isOver(text: string | undefined, nowMs: number): boolean {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(time) && time <= nowMs;
}
