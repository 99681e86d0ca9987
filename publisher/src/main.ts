import { parseArgs } from "node:util";
import { Fault, type PartMessage } from "@atalaya/wire";
import { startPublisher } from "./publisher.ts";

const help = `Usage: atalaya publisher --socket PATH --spool DIR --hub URL --ca FILE --credential FILE

The node's only way out: takes frames from the collector over a Unix socket, keeps them on disk until the hub has
committed them, and sends them over HTTPS.

  --socket PATH      the Unix socket to make
  --spool DIR        where frames wait
  --hub URL          the hub, e.g. https://hub.example.com:8443
  --ca FILE          the hub's CA certificate (hub/ca.pem in its data folder)
  --credential FILE  a file with the sensor's token

Example:
  atalaya publisher --socket /run/atalaya/collector.sock --spool /var/lib/atalaya/spool \\
    --hub https://hub.example.com:8443 --ca /etc/atalaya/ca.pem --credential /etc/atalaya/credential`;

const options = {
  socket: { type: "string" },
  spool: { type: "string" },
  hub: { type: "string" },
  ca: { type: "string" },
  credential: { type: "string" },
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

function readOptions() {
  let values: ReturnType<typeof parse>;
  try {
    values = parse();
  } catch (cause) {
    throw new Fault(
      "USAGE",
      `${cause instanceof Error ? cause.message : "unusable arguments"}. See: atalaya publisher --help`,
    );
  }
  if (values.help) return undefined;
  const { socket, spool, hub, ca, credential } = values;
  if (!socket || !spool || !hub || !ca || !credential || !URL.canParse(hub) || !hub.startsWith("https:"))
    throw new Fault(
      "USAGE",
      "publisher needs --socket, --spool, --hub (https), --ca and --credential. See: atalaya publisher --help",
    );
  return { socket, spoolFolder: spool, hub: { url: hub, caFile: ca, credentialFile: credential }, say };
}

function parse() {
  return parseArgs({ options, strict: true }).values;
}

try {
  const given = readOptions();
  if (given === undefined) {
    process.stdout.write(`${help}\n`);
  } else {
    const publisher = await startPublisher(given);
    const stop = () => void publisher.stop().then(() => process.exit(0));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
    // Whoever started us is gone: frames are on disk, so ending loses nothing.
    process.once("disconnect", stop);
    tell({ type: "ready", part: "publisher", detail: `sending to ${given.hub.url}` });
  }
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  tell({ type: "failed", part: "publisher", code: error.code, message: error.message });
  process.exitCode = error.code === "USAGE" ? 2 : 1;
  process.disconnect?.();
}
