import { inClusterConnection, KubeClient } from "@atalaya/kube";
import { Fault } from "@atalaya/wire/framing";
import { help, readReleaseArguments } from "./arguments.ts";
import { leave } from "./leave.ts";
import { verify } from "./verify.ts";
import { Workloads } from "./workloads.ts";

// The chart's own jobs, in the sensor's image: `leave` before the release is deleted, `verify` for `helm test`.

function say(line: string): void {
  process.stdout.write(`atalaya: ${line}\n`);
}

async function run(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const given = readReleaseArguments(args);
  const client = new KubeClient(inClusterConnection());
  const workloads = new Workloads(client, given.namespace);
  try {
    if (given.command === "leave") {
      // The chart takes this status for final: to try again at once would only make the person wait.
      return (await leave(workloads, given, say, given.patienceMs)) ? 0 : 3;
    }
    const { hub: url, caFile, proxy } = given;
    const hub = url === undefined || caFile === undefined ? undefined : { url, caFile, proxy };
    return (await verify(workloads, given, hub, say)) ? 0 : 1;
  } finally {
    client.close();
  }
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  say(error.message);
  process.exitCode = error.code === "USAGE" ? 2 : 1;
}
