import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import { defaultAccount } from "../enrolment/limits.ts";

export const help = `Usage: atalaya hub [options]

Runs the hub alone: takes events and audit records, evaluates, stores, serves the page and the API.

  --data DIR          the one folder with all data (default $XDG_DATA_HOME/atalaya)
  --listen HOST:PORT  where the page and the API answer (default 127.0.0.1:8443)
  --web DIR           the built page (default: the one of this package, if it is one)
  --rules PATH        a rule file or folder beside the built-in packs; can be repeated
  --cluster NAME      the name that this machine's own events carry (default local)
  --node NAME         the name of this machine's own sensor (default the host's name)
  --in-cluster        runs in a pod: trusts the service accounts of its own cluster (named by --cluster) by itself
  --kube NAME=FILE    the same for the cluster NAME, reached by this kubeconfig; can be repeated
  --publisher NS/NAME the service account by which these clusters' publishers enrol; those on the control plane have the
                      same name with -control-plane behind it
                      (default ${defaultAccount.serviceAccount} in the hub's own namespace, else ${defaultAccount.namespace})
  --keep-days N       days that resolved alerts and process history are kept (default ${storeLimits.keepDays})
  --keep-bytes SIZE   what the hub's folder may take, like 10GiB: the oldest process history goes first
                      (default ${storeLimits.keepBytes / 1024 ** 3}GiB)
  --reset-password    give the account admin a new password, print it, and go on
  --log-level LEVEL   error, warn, info or debug (default info; warn on a terminal); goes to standard error
  --help

Examples:
  atalaya hub
  atalaya hub --data /srv/atalaya --listen 0.0.0.0:8443
  atalaya hub --listen [::1]:9443 --rules ./my-rules.yaml`;

const levels = ["error", "warn", "info", "debug"] as const;

export type HubOptions = {
  data: string;
  host: string;
  port: number;
  names: string[];
  caConfigMap: { namespace: string; name: string } | undefined;
  web: string | undefined;
  rules: string[];
  cluster: string;
  inCluster: boolean;
  kube: { cluster: string; file: string }[];
  publisher: { namespace: string | undefined; serviceAccount: string };
  keepDays: number;
  keepBytes: number;
  node: string;
  resetPassword: boolean;
  logLevel: (typeof levels)[number];
};

const options = {
  data: { type: "string" },
  listen: { type: "string", default: "127.0.0.1:8443" },
  name: { type: "string", multiple: true },
  "ca-config-map": { type: "string" },
  web: { type: "string" },
  rules: { type: "string", multiple: true },
  cluster: { type: "string", default: "local" },
  node: { type: "string" },
  "in-cluster": { type: "boolean", default: false },
  kube: { type: "string", multiple: true },
  publisher: { type: "string" },
  "keep-days": { type: "string", default: String(storeLimits.keepDays) },
  "keep-bytes": { type: "string", default: String(storeLimits.keepBytes) },
  "reset-password": { type: "boolean", default: false },
  "log-level": { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Reads the command line; undefined when help was asked for. Throws Fault USAGE that names the option. */
export function readOptions(args: string[]): HubOptions | undefined {
  const { values } = parsed(args);
  if (values.help) return undefined;
  const rules = values.rules ?? [];
  const missing = rules.find((path) => !existsSync(path));
  if (missing !== undefined) throw usage(`--rules: there is no file or folder ${missing}`);
  const node = values.node ?? hostname();
  for (const [option, name] of [
    ["--cluster", values.cluster],
    ["--node", node],
  ] as const)
    if (!/^[\x21-\x7e]{1,255}$/.test(name)) throw usage(`${option} takes a name without spaces`);
  const level = values["log-level"] ?? (process.stderr.isTTY ? "warn" : "info");
  const logLevel = levels.find((one) => one === level);
  if (logLevel === undefined) throw usage(`--log-level takes one of ${levels.join(", ")}`);
  return {
    data: resolve(values.data ?? join(process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "atalaya")),
    ...readListen(values.listen),
    names: (values.name ?? []).map(readName),
    caConfigMap: readConfigMap(values["ca-config-map"]),
    web: values.web === undefined ? packagedPage() : resolve(values.web),
    rules: rules.map((path) => resolve(path)),
    cluster: values.cluster,
    inCluster: values["in-cluster"],
    kube: (values.kube ?? []).map(readKube),
    publisher: readAccount(values.publisher),
    keepDays: readDays(values["keep-days"]),
    keepBytes: readBytes(values["keep-bytes"]),
    node,
    resetPassword: values["reset-password"],
    logLevel,
  };
}

/** In a package the page lies beside the hub; in a checkout it is named, since it may not be built. */
function packagedPage(): string | undefined {
  return import.meta.url.endsWith(".js") ? fileURLToPath(new URL("../web", import.meta.url)) : undefined;
}

function readKube(text: string): { cluster: string; file: string } {
  const [, cluster, file] = /^([\x21-\x3c\x3e-\x7e]{1,255})=(.+)$/.exec(text) ?? [];
  if (cluster === undefined || file === undefined)
    throw usage("--kube takes NAME=FILE, a cluster's name and a kubeconfig");
  return { cluster, file: resolve(file) };
}

function readAccount(text: string | undefined): HubOptions["publisher"] {
  if (text === undefined) return { namespace: undefined, serviceAccount: defaultAccount.serviceAccount };
  const [, namespace, serviceAccount] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,239})$/.exec(text) ?? [];
  if (namespace === undefined || serviceAccount === undefined)
    throw usage("--publisher takes NAMESPACE/NAME of a service account, like kube-system/atalaya-publisher");
  return { namespace, serviceAccount };
}

function readName(text: string): string {
  if (isIP(text) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text))
    throw usage("--name takes a host's name or address");
  return text;
}

function readConfigMap(text: string | undefined): HubOptions["caConfigMap"] {
  if (text === undefined) return undefined;
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(text) ?? [];
  if (namespace === undefined || name === undefined) throw usage("--ca-config-map takes NAMESPACE/NAME");
  return { namespace, name };
}

function readDays(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days < 1) throw usage("--keep-days takes a number of days, at least 1");
  return days;
}

const units: Record<string, number> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

function readBytes(text: string): number {
  const [, number, unit = ""] = /^(\d{1,15})([kMGT]i?|Ki)?B?$/.exec(text) ?? [];
  const bytes = Number(number) * (units[unit] ?? Number.NaN);
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw usage("--keep-bytes takes a size, like 500MiB or 10GiB");
  return bytes;
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options, strict: true });
  } catch (error) {
    throw usage(error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments");
  }
}

/** HOST:PORT, with an IPv6 address in brackets. Port 0 takes any free one. */
function readListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const odd = match?.[1] !== undefined && isIP(match[1]) !== 6;
  if (host === undefined || odd || port > 65_535) {
    throw usage("--listen takes HOST:PORT, like 127.0.0.1:8443 or [::1]:8443");
  }
  return { host, port };
}

/** The address by which this machine itself reaches a hub that listens on `host`. */
export function localUrl(host: string, port: number): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `https://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`;
}

function usage(message: string): Fault {
  return new Fault("USAGE", `${message}. See: atalaya hub --help`);
}
