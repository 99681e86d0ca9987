import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { Fault, type PartMessage } from "@atalaya/wire/framing";
import { HealthServer } from "@atalaya/wire/health";
import { awaitFolders } from "./await-folder.ts";
import { leave } from "./leave.ts";
import { limits } from "./limits.ts";
import { type PublisherOptions, startPublisher } from "./publisher.ts";

const help = `Usage: atalaya publisher --socket PATH --spool DIR --hub URL --identity DIR [options]

The node's only way out: takes frames from the collector over a Unix socket, keeps them on disk until the hub has
committed them, and sends them over HTTPS.

  --socket PATH                 the Unix socket to make
  --spool DIR                   where frames wait
  --spool-bytes N               how much may wait (default 1073741824)
  --recorder-bytes N            how much the flight recorder may keep beside it (default 67108864)
  --hub URL                     the hub, e.g. https://hub.example.com:8443
  --identity DIR                where this node's key and certificate lie; made at the first start
  --enroll-token FILE           a token of \`atalaya enroll token\`, needed once
  --service-account-token FILE  in a cluster: the projected token with the audience atalaya-hub
  --ca FILE                     the hub's CA; needed only with --service-account-token
  --node NAME                   this node's name (default the host's)
  --cluster NAME                its cluster, where the proof does not name it
  --proxy URL                   an HTTP proxy on the way to the hub, e.g. http://proxy.example.com:3128
  --await DIR                   wait until this folder can be written; can be repeated
  --health-port N               answer the kubelet's probes there: /alive, and /ready when the hub takes what we send
  --leave                       this node is left for good: remove spool, identity and socket, and wait for the end

Example:
  atalaya publisher --socket /run/atalaya/collector.sock --spool /var/lib/atalaya/spool \\
    --identity /var/lib/atalaya/identity --enroll-token /etc/atalaya/enroll-token \\
    --hub https://hub.example.com:8443`;

const options = {
  socket: { type: "string" },
  spool: { type: "string" },
  "spool-bytes": { type: "string" },
  "recorder-bytes": { type: "string" },
  hub: { type: "string" },
  identity: { type: "string" },
  "enroll-token": { type: "string" },
  "service-account-token": { type: "string" },
  ca: { type: "string" },
  node: { type: "string" },
  cluster: { type: "string" },
  proxy: { type: "string" },
  await: { type: "string", multiple: true },
  "health-port": { type: "string" },
  leave: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function say(line: string): void {
  process.stderr.write(`atalaya publisher: ${line}\n`);
}

function tell(message: PartMessage): void {
  if (process.send !== undefined) process.send(message);
  else if (message.type === "failed") say(message.message);
  else say(message.detail ?? "ready");
}

type Given = PublisherOptions & { awaited: string[]; healthPort: number | undefined; isLeaving: boolean };

function readOptions(): Given | undefined {
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message : "unusable arguments");
  }
  if (values.help) return undefined;
  const { socket, spool, hub, identity } = values;
  if (!socket || !spool || !identity || !hub || !URL.canParse(hub) || !hub.startsWith("https:"))
    throw usage("publisher needs --socket, --spool, --identity and --hub (https)");
  return {
    socket,
    spoolFolder: spool,
    spoolBytesMax: readBytes("spool-bytes", values["spool-bytes"], limits.spoolBytesMax, limits.spoolBytesLeast),
    recorderBytesMax: readBytes(
      ...(["recorder-bytes", values["recorder-bytes"], limits.recorder.bytesMax, limits.recorder.bytesLeast] as const),
    ),
    hubUrl: hub,
    proxy: readProxy(values.proxy),
    identity: {
      folder: identity,
      node: values.node ?? hostname(),
      cluster: values.cluster,
      enrolTokenFile: values["enroll-token"],
      serviceAccountTokenFile: values["service-account-token"],
      caFile: values.ca,
    },
    say,
    awaited: values.await ?? [],
    healthPort: readPort(values["health-port"]),
    isLeaving: values.leave ?? false,
  };
}

/** No password: arguments are for everybody to see. */
function readProxy(text: string | undefined): string | undefined {
  if (text !== undefined && !/^http:\/\/[^/@\s]+\/?$/.test(text)) throw usage("--proxy takes http://HOST:PORT");
  return text;
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw usage("--health-port takes a port");
  return port;
}

function readBytes(name: string, text: string | undefined, usual: number, least: number): number {
  if (text === undefined) return usual;
  const bytes = Number(text);
  if (!Number.isSafeInteger(bytes) || bytes < least) throw usage(`--${name} takes a number of at least ${least}`);
  return bytes;
}

function usage(problem: string): Fault {
  return new Fault("USAGE", `${problem}. See: atalaya publisher --help`);
}

function parse() {
  return parseArgs({ options, strict: true }).values;
}

async function run(given: Given): Promise<void> {
  let obstacle = (): string | undefined => "it starts";
  // As the first process of a container it is not ended by a signal that it does not handle.
  let stop = (): void => process.exit(0);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
  if (given.healthPort !== undefined) await new HealthServer(() => obstacle()).listen(given.healthPort);
  if (given.isLeaving) {
    await leave({ ...given, identityFolder: given.identity.folder });
    obstacle = () => undefined;
    tell({ type: "ready", part: "publisher", detail: "nothing of the publisher is left on this node" });
    setInterval(() => {}, 3_600_000);
    return;
  }
  await awaitFolders(given.awaited, say);
  const publisher = await startPublisher(given);
  // Of a heap this small the next full collection is never far: at 60m they took a sixth of all that there is. Given to Node at
  // its start, a flag of the heap makes it throw its own compiled code away, which is 0.9 s at 60m.
  setFlagsFromString("--heap-growing-percent=400");
  obstacle = publisher.obstacle;
  stop = () => void publisher.stop().then(() => process.exit(0));
  // Whoever started us is gone: frames are on disk, so ending loses nothing.
  process.once("disconnect", () => stop());
  tell({ type: "ready", part: "publisher", detail: `sending to ${given.hubUrl}` });
}

try {
  const given = readOptions();
  if (given === undefined) process.stdout.write(`${help}\n`);
  else await run(given);
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  tell({ type: "failed", part: "publisher", code: error.code, message: error.message });
  process.exitCode = error.code === "USAGE" ? 2 : 1;
  process.disconnect?.();
}
