import { Fault, liveEventSchema } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { limits } from "../limits.ts";
import type { Kube } from "./kube.ts";

type Hub = Pick<HubClient, "follow" | "url">;

/**
 * Throws Fault SIMULATION_UNAVAILABLE unless a request to the API server is told to the hub by the cluster's audit log: a
 * namespace with this name of the run's own is asked for, as a trial that makes nothing. `patienceMs` is what the alert
 * itself may take.
 */
export async function requireAudit(
  kube: Kube,
  hub: Hub,
  namespace: string,
  signal: AbortSignal,
  patienceMs: number = limits.auditMs,
): Promise<void> {
  const [opened, heard] = [Promise.withResolvers<void>(), Promise.withResolvers<boolean>()];
  const stop = new AbortController();
  const until = AbortSignal.any([stop.signal, signal]);
  const following = hub.follow(
    "events",
    { class: "api" },
    ({ data }) => {
      const live = liveEventSchema.safeParse(data);
      if (live.success && live.data.event["object_name"] === namespace) heard.resolve(true);
    },
    until,
    opened.resolve,
  );
  // It ends by itself only when the hub refuses, or when everything is stopped.
  following.then(() => opened.resolve(), opened.reject);
  const late = new Fault("HUB_UNREACHABLE", `The stream of events at ${hub.url} does not open`);
  const opening = setTimeout(() => opened.reject(late), limits.streamOpenMs);
  signal.addEventListener("abort", () => heard.resolve(false), { once: true });
  try {
    await opened.promise;
    clearTimeout(opening);
    await kube.mustKubectl(["create", "namespace", namespace, "--dry-run=server"]);
    setTimeout(() => heard.resolve(false), patienceMs).unref();
    const isHeard = await heard.promise;
    signal.throwIfAborted();
    if (!isHeard) throw unheard(hub.url, patienceMs);
  } finally {
    clearTimeout(opening);
    stop.abort();
    await following.catch(() => {});
  }
}

function unheard(url: string, patienceMs: number): Fault {
  return new Fault(
    "SIMULATION_UNAVAILABLE",
    [
      `The cluster's audit log does not reach the hub at ${url} within ${patienceMs / 1000} s, and one alert comes from it.`,
      "  Connect it: atalaya audit kubeconfig CLUSTER prints the file for kube-apiserver's --audit-webhook-config-file,",
      "  atalaya audit policy the one for --audit-policy-file; --audit-webhook-batch-max-wait=1s makes it quick (docs/audit-log.md).",
      "  Or do without that alert: --without-audit",
    ].join("\n"),
  );
}
