import { field, number, type Open, part, text, told } from "./fields.ts";
import { containersOf } from "./pod-facts.ts";

/** Where each kind of workload says how many pods it wants, and how many are ready. */
const counts: Readonly<Record<string, readonly [wanted: [string, string], ready: [string, string]]>> = {
  Deployment: [
    ["spec", "replicas"],
    ["status", "readyReplicas"],
  ],
  StatefulSet: [
    ["spec", "replicas"],
    ["status", "readyReplicas"],
  ],
  DaemonSet: [
    ["status", "desiredNumberScheduled"],
    ["status", "numberReady"],
  ],
  Job: [
    ["spec", "completions"],
    ["status", "ready"],
  ],
};

/** What makes pods: of which images, as whom, how many. */
export function workloadFacts(kind: string, object: unknown): Open {
  const template = templateOf(object);
  const of = counts[kind];
  const count = (place: readonly [string, string] | undefined) =>
    place === undefined ? undefined : (number(part(object, place[0]), place[1]) ?? 0);
  return told({
    wanted: count(of?.[0]),
    ready: count(of?.[1]),
    schedule: text(part(object, "spec"), "schedule"),
    suspended: field(part(object, "spec"), "suspend") === true,
    host_network: field(template, "hostNetwork") === true,
    containers: containersOf(template),
  });
}

/** The account that a pod, or a workload's pods, run as. */
export function serviceAccountOf(kind: string, object: unknown): string | undefined {
  if (kind === "Pod") return text(part(object, "spec"), "serviceAccountName") ?? "default";
  const template = templateOf(object);
  return Object.keys(template).length === 0 ? undefined : (text(template, "serviceAccountName") ?? "default");
}

/** The spec of the pods: of a CronJob it lies one job deeper. */
function templateOf(object: unknown): Open {
  const spec = part(object, "spec");
  const job = part(part(spec, "jobTemplate"), "spec");
  return part(part(field(spec, "jobTemplate") === undefined ? spec : job, "template"), "spec");
}
