import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { inClusterConnection, KubeClient, type KubeConnection } from "@atalaya/kube";
import { Fault, type PartMessage } from "@atalaya/wire/framing";
import { HealthServer } from "@atalaya/wire/health";
import { Inventory } from "./inventory.ts";

const help = `Usage: atalaya inventory --socket PATH --cluster NAME --service-account-token FILE [options]

What a cluster is made of: lists and watches its objects (never secrets), and sends them to the hub through the publisher
of this node. Runs in a pod, as its service account.

  --socket PATH                 the publisher's Unix socket
  --cluster NAME                the cluster, as the publisher's certificate names it
  --service-account-token FILE  the pod's projected token with the audience atalaya-hub
  --node NAME                   this node's name (default the host's)
  --kubeconfig FILE             outside a pod: how to reach the API server
  --health-port N               answer the kubelet's probes there: /alive, and /ready when all is told

Example:
  atalaya inventory --socket /run/atalaya/collector.sock --cluster shop \\
    --service-account-token /etc/atalaya/token/token --node node-7`;

const options = {
  socket: { type: "string" },
  cluster: { type: "string" },
  "service-account-token": { type: "string" },
  node: { type: "string" },
  kubeconfig: { type: "string" },
  "health-port": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Given = {
  socket: string;
  cluster: string;
  tokenFile: string;
  node: string;
  kubeconfig: string | undefined;
  healthPort: number | undefined;
};

function say(line: string): void {
  process.stderr.write(`atalaya inventory: ${line}\n`);
}

function tell(message: PartMessage): void {
  if (process.send !== undefined) process.send(message);
  else if (message.type === "failed") say(message.message);
  else say(message.detail ?? "ready");
}

function readOptions(): Given | undefined {
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : "unusable arguments");
  }
  if (values.help) return undefined;
  const { socket, cluster, "service-account-token": tokenFile, kubeconfig } = values;
  if (!socket || !cluster || !tokenFile) throw usage("inventory needs --socket, --cluster and --service-account-token");
  const healthPort = readPort(values["health-port"]);
  return { socket, cluster, tokenFile, node: values.node ?? hostname(), kubeconfig, healthPort };
}

function parse() {
  return parseArgs({ options, strict: true }).values;
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usage("--health-port takes a port");
  return port;
}

function usage(problem: string): Fault {
  return new Fault("USAGE", `${problem}. See: atalaya inventory --help`);
}

/** In a pod no YAML parser is loaded. */
async function connection(kubeconfig: string | undefined): Promise<KubeConnection> {
  if (kubeconfig === undefined) return inClusterConnection();
  const { kubeconfigConnection } = await import("@atalaya/kube/kubeconfig");
  return kubeconfigConnection(kubeconfig);
}

async function run({ kubeconfig, healthPort, ...given }: Given): Promise<void> {
  let obstacle = (): string | undefined => "it starts";
  if (healthPort !== undefined) await new HealthServer(() => obstacle()).listen(healthPort);
  const client = new KubeClient(await connection(kubeconfig));
  const inventory = new Inventory({ ...given, client, say }, (objects) =>
    tell({ type: "ready", part: "inventory", detail: `all of the cluster is told: ${objects} objects` }),
  );
  obstacle = () => inventory.obstacle;
  const stop = () => void inventory.stop().then(() => process.exit(0));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  process.once("disconnect", stop);
  await inventory.ended;
}

try {
  const given = readOptions();
  if (given === undefined) process.stdout.write(`${help}\n`);
  else await run(given);
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  tell({ type: "failed", part: "inventory", code: error.code, message: error.message });
  process.exitCode = error.code === "USAGE" ? 2 : 1;
  process.disconnect?.();
}
