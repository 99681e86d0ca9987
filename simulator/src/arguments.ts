import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { scenarioNames } from "./attack/scenario.ts";
import { type RuntimeName, runtimeNames } from "./container/runtime.ts";
import { limits } from "./limits.ts";

const options = {
  local: { type: "boolean", default: false },
  timeout: { type: "string" },
  json: { type: "boolean", default: false },
  junit: { type: "string" },
  keep: { type: "boolean", default: false },
  data: { type: "string" },
  listen: { type: "string" },
  mapping: { type: "string" },
  runtime: { type: "string" },
  cache: { type: "string" },
  kubeconfig: { type: "string" },
  context: { type: "string" },
  node: { type: "string" },
  image: { type: "string" },
  chart: { type: "string" },
  values: { type: "string", multiple: true },
  "no-metadata-stand-in": { type: "boolean" },
  "without-audit": { type: "boolean" },
  help: { type: "boolean", short: "h", default: false },
} as const;

const onlyLocal = ["runtime", "cache"] as const;
const onlyOnCluster = [
  "kubeconfig",
  "context",
  "node",
  "image",
  "chart",
  "values",
  "no-metadata-stand-in",
  "without-audit",
] as const;

/** In containers on this machine. */
export type LocalWhere = { kind: "local"; runtime: RuntimeName; cacheFolder: string | undefined };
/** In pods on a cluster. */
export type ClusterWhere = {
  kind: "cluster";
  kubeconfig: string | undefined;
  context: string | undefined;
  node: string | undefined;
  image: string | undefined;
  chart: string | undefined;
  valueFiles: string[];
  metadataStandIn: boolean;
  /** The cluster's audit log is connected to the hub, and its alert expected. */
  withAudit: boolean;
};

export type SimulateOptions = {
  /** Names of scenarios and `all`; none: there is a menu. */
  words: string[];
  where: LocalWhere | ClusterWhere;
  timeoutMs: number;
  json: boolean;
  junit: string | undefined;
  keep: boolean;
  data: string | undefined;
  /** Score what is posted here instead of our hub's alerts. */
  listen: { address: string; mapping: string | undefined } | undefined;
};

/** Reads the command line; undefined when help was asked for. Throws Fault USAGE. */
export function readOptions(args: string[]): SimulateOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const unknown = positionals.find((word) => word !== "all" && !(scenarioNames as readonly string[]).includes(word));
  if (unknown !== undefined)
    throw usage(`there is no scenario "${unknown}"; there are ${scenarioNames.join(", ")} and all`);
  const foreign = (values.local ? onlyOnCluster : onlyLocal).find((name) => values[name] !== undefined);
  if (foreign !== undefined) throw usage(`--${foreign} ${values.local ? "goes without --local" : "needs --local"}`);
  if (values.mapping !== undefined && values.listen === undefined) throw usage("--mapping needs --listen");
  const { json, junit, keep, data, listen, mapping } = values;
  return {
    words: values.local && positionals.length === 0 ? ["all"] : positionals,
    where: values.local ? local(values) : onCluster(values),
    timeoutMs: milliseconds(values.timeout),
    json,
    junit,
    keep,
    data,
    listen: listen === undefined ? undefined : { address: listen, mapping },
  };
}

type Values = ReturnType<typeof parse>["values"];

function local(values: Values): LocalWhere {
  const runtime = runtimeNames.find((name) => name === (values.runtime ?? "runc"));
  if (runtime === undefined) throw usage(`--runtime takes ${runtimeNames.join(" or ")}`);
  return { kind: "local", runtime, cacheFolder: values.cache };
}

function onCluster(values: Values): ClusterWhere {
  const { kubeconfig, context, node, image, chart, values: valueFiles = [] } = values;
  // It goes into Helm's values as it is: what is no image's name is told here, not by a pod that does not start.
  if (image !== undefined && !/^[a-z0-9][\w./:@-]*$/i.test(image)) throw usage("--image takes NAME:TAG");
  const metadataStandIn = values["no-metadata-stand-in"] !== true;
  const withAudit = values["without-audit"] !== true;
  return { kind: "cluster", kubeconfig, context, node, image, chart, valueFiles, metadataStandIn, withAudit };
}

function milliseconds(timeout: string | undefined): number {
  const seconds = timeout === undefined ? limits.alertMs / 1000 : Number(timeout);
  if (seconds > 0 && seconds <= limits.alertSecondsMax) return seconds * 1000;
  throw usage(`--timeout takes seconds, at most ${limits.alertSecondsMax}`);
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message.replace(/\. To specify.*/s, "") : "unusable arguments");
  }
}

function usage(reason: string): Fault {
  return new Fault("USAGE", `${reason}. See: atalaya simulate --help`);
}
