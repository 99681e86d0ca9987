import { Fault } from "@atalaya/wire";
import { limits } from "../limits.ts";
import { type Missing, refuseMissing } from "../preflight.ts";
import { findProgram } from "../programs.ts";
import { Kube } from "./kube.ts";

export type ClusterAccess = { kubeconfig?: string | undefined; context?: string | undefined };

/** kubectl and Helm of this machine. Throws Fault SIMULATION_UNAVAILABLE that names what is missing, with its remedy. */
export function requirePrograms(
  access: ClusterAccess,
  signal?: AbortSignal,
  find: (name: string) => string | undefined = findProgram,
): Kube {
  const [kubectl, helm] = [find("kubectl"), find("helm")];
  const missing: Missing[] = [];
  if (kubectl === undefined) {
    missing.push({ what: "kubectl", remedy: "install it: https://kubernetes.io/docs/tasks/tools/" });
  }
  if (helm === undefined) missing.push({ what: "Helm", remedy: "install it: https://helm.sh/docs/intro/install/" });
  refuseMissing(missing);
  return new Kube({ kubectl: kubectl ?? "", helm: helm ?? "", ...access }, signal);
}

/** Throws Fault SIMULATION_UNAVAILABLE unless the API server answers. */
export async function requireCluster(kube: Kube): Promise<void> {
  const { status, stderr } = await kube.kubectl(["version", "--request-timeout=10s", "-o", "json"]);
  if (status === 0) return;
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw new Fault(
    "SIMULATION_UNAVAILABLE",
    `No cluster answers (${said}). Choose one with --kubeconfig or --context; kubectl config get-contexts lists them`,
  );
}

/** A right of the user's, in the cluster or in the run's own namespace. */
export type Need = { verb: string; resource: string; inNamespace: boolean };

export const needs: readonly Need[] = [
  { verb: "create", resource: "namespaces", inNamespace: false },
  { verb: "delete", resource: "namespaces", inNamespace: false },
  // What earlier runs left is looked for in all of them.
  { verb: "list", resource: "namespaces", inNamespace: false },
  // A run that is kept is marked as over (kubectl annotate).
  { verb: "get", resource: "namespaces", inNamespace: false },
  { verb: "patch", resource: "namespaces", inNamespace: false },
  { verb: "create", resource: "pods", inNamespace: true },
  { verb: "get", resource: "pods", inNamespace: true },
  { verb: "list", resource: "pods", inNamespace: true },
  { verb: "get", resource: "pods/log", inNamespace: true },
  // Helm looks whether something of that name is there before it makes it.
  ...["services", "serviceaccounts", "configmaps", "networkpolicies.networking.k8s.io"].flatMap((resource) =>
    ["create", "get"].map((verb) => ({ verb, resource, inNamespace: true })),
  ),
  // Helm keeps its record of a release in a secret, and changes it as the release goes on; the web shell's word is in another.
  ...["create", "get", "list", "update", "delete"].map((verb) => ({ verb, resource: "secrets", inNamespace: true })),
];

/** What the user may not do of what a run needs, as `kubectl auth can-i` says. Throws like `refuseMissing`. */
export async function requireRights(kube: Kube, namespace: string): Promise<void> {
  const missing: Missing[] = [];
  for (let i = 0; i < needs.length; i += limits.kubectlAtOnce) {
    const some = needs.slice(i, i + limits.kubectlAtOnce);
    const answers = await Promise.all(some.map((need) => may(kube, need, namespace)));
    for (const [n, need] of some.entries()) if (answers[n] !== true) missing.push(right(need, namespace));
  }
  refuseMissing(missing);
}

async function may(kube: Kube, { verb, resource, inNamespace }: Need, namespace: string): Promise<boolean> {
  const where = inNamespace ? ["--namespace", namespace] : [];
  const { status, stdout } = await kube.kubectl(["auth", "can-i", verb, resource, ...where]);
  return status === 0 && stdout.trim().endsWith("yes");
}

function right({ verb, resource, inNamespace }: Need, namespace: string): Missing {
  const where = inNamespace ? `in the namespace ${namespace}` : "in the cluster";
  const remedy = "ask an administrator for it, or choose another user with --context (a cluster's admin may do all)";
  return { what: `the right to ${verb} ${resource} ${where}`, remedy };
}
