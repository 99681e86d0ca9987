import { setTimeout as pause } from "node:timers/promises";
import { Fault } from "@atalaya/wire";
import type { ScenarioName } from "../attack/scenario.ts";
import { limits } from "../limits.ts";
import type { Kube } from "./kube.ts";
import { releaseName } from "./run-namespace.ts";
import { outlook, whyPodsWait } from "./victim-pod.ts";

export type Installation = {
  chart: string;
  namespace: string;
  scenarios: readonly ScenarioName[];
  /** `REPOSITORY:TAG`; the chart's own when absent. */
  image?: string | undefined;
  metadataStandIn: boolean;
  nodeSelector: Readonly<Record<string, string>>;
  /** More files of values, which win. */
  valueFiles: readonly string[];
};

/**
 * Installs attacker and victim and waits until both run. Throws Fault SIMULATION_FAILED with what the kubelet says when
 * they do not.
 */
export async function install(kube: Kube, wanted: Installation): Promise<void> {
  const files = wanted.valueFiles.flatMap((file) => ["--values", file]);
  const args = ["install", releaseName, wanted.chart, "--namespace", wanted.namespace, "--values", "-", ...files];
  const seconds = Math.round(limits.installMs / 1000);
  const [enough, over] = [new AbortController(), new AbortController()];
  const looking = lookForHopeless(kube, wanted.namespace, over.signal).then((found) => {
    if (found) enough.abort();
  });
  const helm = kube.helm([...args, "--wait", "--timeout", `${seconds}s`], {
    input: JSON.stringify(valuesOf(wanted)),
    timeoutMs: limits.installMs + limits.kubectlMs,
    enough: enough.signal,
  });
  const { status, stderr } = await helm.finally(async () => {
    over.abort();
    await looking;
  });
  if (status === 0) return;
  const said = enough.signal.aborted ? "it would never end" : (stderr.trim().split("\n").at(-1) ?? "");
  const why = await whyPodsWait(kube, wanted.namespace).catch(() => []);
  const remedy = why.some((line) => /ImagePull|ErrImage|InvalidImage/.test(line))
    ? ". Name an image that the nodes can pull with --image; containers/README.md says how to build it"
    : "";
  throw new Fault(
    "SIMULATION_FAILED",
    [`The pods do not start (${said})${remedy}`, ...why.map((one) => `  ${one}`)].join("\n"),
  );
}

/** Resolves with true when a pod will not start, or has looked so for some time; with false once `over`. */
async function lookForHopeless(kube: Kube, namespace: string, over: AbortSignal): Promise<boolean> {
  let sinceMs: number | undefined;
  for (;;) {
    await pause(limits.podLookMs, undefined, { signal: over }).catch(() => {});
    if (over.aborted) return false;
    const why = await whyPodsWait(kube, namespace).catch(() => []);
    const outlooks = why.map(outlook);
    if (outlooks.includes("final")) return true;
    if (!outlooks.includes("doubtful")) sinceMs = undefined;
    else sinceMs ??= performance.now();
    if (sinceMs !== undefined && performance.now() - sinceMs > limits.podHopelessMs) return true;
  }
}

function valuesOf(wanted: Installation): Record<string, unknown> {
  const { scenarios, metadataStandIn, nodeSelector, image } = wanted;
  const values = { scenarios, metadataStandIn, nodeSelector };
  if (image === undefined) return values;
  const colon = image.lastIndexOf(":");
  const tagged = colon > image.lastIndexOf("/");
  const [repository, tag] = tagged ? [image.slice(0, colon), image.slice(colon + 1)] : [image, "latest"];
  return { ...values, image: { repository, tag } };
}
