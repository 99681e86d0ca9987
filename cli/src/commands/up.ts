import { accessSync, constants, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "@atalaya/wire";
import { defaultDataFolder } from "@atalaya/wire/client";
import { readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { PartProcess } from "../part-process.ts";
import { pinFolderOf } from "../pin-folder.ts";
import { sensorObstacle } from "../sensor-possible.ts";
import { builtFolders } from "../switchboard.ts";

const help = `Usage: atalaya up [options]

Runs hub, collector and publisher together on this machine. Ctrl-C stops all of them and ends the sensor's watch;
when this is killed, the kernel watches on for the next start (or until: atalaya uninstall).

  --data DIR          the one folder with all data (default ${defaultDataFolder()})
  --listen HOST:PORT  where the page and the API answer (default 127.0.0.1:8443)
  --rules PATH        a rule file or folder beside the built-in packs; can be repeated
  --audit-log PATH    the audit log of an API server on this machine, to be read as well
  --enforce FILE      this machine's own file that permits to block programs that no image holds (docs/drift.md)
  --cluster NAME      the name that this machine's events carry (default local)
  --keep-days N       days that resolved alerts and process history are kept (default 30)
  --keep-bytes SIZE   what the hub's data may take, like 10GiB (default 10GiB)
  --no-sensor         only the hub

Examples:
  atalaya up
  atalaya up --data /srv/atalaya --listen 0.0.0.0:8443
  atalaya up --rules ./my-rules.yaml`;

const options = {
  data: { type: "string" },
  listen: { type: "string", default: "127.0.0.1:8443" },
  rules: { type: "string", multiple: true },
  cluster: { type: "string", default: "local" },
  "audit-log": { type: "string" },
  enforce: { type: "string" },
  "keep-days": { type: "string" },
  "keep-bytes": { type: "string" },
  "no-sensor": { type: "boolean", default: false },
} as const;

const objects = fileURLToPath(builtFolders.objects);
const page = fileURLToPath(builtFolders.web);

export const up: Command = { name: "up", summary: "run hub, collector and publisher on this machine", help, run };

async function run(args: string[]): Promise<number> {
  const { values } = readOptions("up", args, options);
  const data = values.data ?? defaultDataFolder();
  prepareDataFolder(data);
  const parts: PartProcess[] = [];
  const stopped = untilStopped(parts);
  const obstacle = values["no-sensor"] ? "switched off by --no-sensor" : sensorObstacle(objects);
  // The collector takes a second to load its programs and waits for the publisher by itself: it starts beside the hub.
  const collector = obstacle === undefined ? startCollector(parts, data, values.cluster, filesOf(values)) : undefined;
  collector?.catch(() => {});
  try {
    const kept = (["keep-days", "keep-bytes"] as const).flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [`--${name}`, value];
    });
    const rules = (values.rules ?? []).flatMap((path) => ["--rules", path]);
    await startHub(parts, data, values.listen, values.cluster, [...rules, ...kept]);
    if (collector !== undefined) await startPublisher(parts, data, values.listen, values.cluster);
    say(collector === undefined ? `no sensor: ${obstacle}` : await collector);
  } catch (error) {
    await stopParts(parts);
    throw error;
  }
  say("attack yourself, in a second terminal:  npx atalaya simulate --local all");
  say("Ctrl-C stops everything");
  return await stopped;
}

async function startHub(
  parts: PartProcess[],
  data: string,
  listen: string,
  cluster: string,
  more: string[],
): Promise<void> {
  const hubArgs = ["--data", data, "--listen", listen, "--cluster", cluster, "--web", page, ...more];
  const hub = startable(parts, new PartProcess("hub", hubArgs, say));
  const ready = await hub.start();
  say(`page      ${ready.url}`);
  if (ready.firstPassword === undefined) say("sign in   user admin, with the password that the first start printed");
  else say(`sign in   user admin, password ${ready.firstPassword}   (shown this once: keep it)`);
}

const socketOf = (data: string) => join(data, "run", "collector.sock");

async function startPublisher(parts: PartProcess[], data: string, listen: string, cluster: string): Promise<void> {
  const url = `https://${listen.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, "127.0.0.1")}`;
  const token = join(data, "hub", "local-enrolment.token");
  const identity = ["--identity", join(data, "identity"), "--enroll-token", token, "--cluster", cluster];
  const args = ["--socket", socketOf(data), "--spool", join(data, "spool"), "--hub", url, ...identity];
  await startable(parts, new PartProcess("publisher", args, say)).start();
}

/** Files of this machine that only the collector reads. */
function filesOf(values: { "audit-log"?: string; enforce?: string }): string[] {
  return (["audit-log", "enforce"] as const).flatMap((name) => {
    const path = values[name];
    return path === undefined ? [] : [`--${name}`, resolve(path)];
  });
}

/** Gives the line that says how the sensor is; a machine that cannot run it is no failure. */
async function startCollector(parts: PartProcess[], data: string, cluster: string, files: string[]): Promise<string> {
  const word = ["--ca", join(data, "hub", "ca.pem"), "--state", join(data, "state")];
  const args = ["--socket", socketOf(data), "--node", hostname(), "--cluster", cluster, ...word];
  // Killed, the sensor watches on for the next start; Ctrl-C ends the watch.
  args.push("--pin", pinFolderOf(data), "--unpin-at-end");
  args.push(...files);
  try {
    const ready = await startable(parts, new PartProcess("collector", args, say)).start();
    return `sensor    ${ready.detail ?? "watching this machine"}`;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "SENSOR_UNAVAILABLE") throw error;
    return `no sensor: ${error.message}`;
  }
}

function startable(parts: PartProcess[], part: PartProcess): PartProcess {
  parts.push(part);
  return part;
}

/** Stops in the order of an event's life, so that what the collector saw still reaches the hub. */
async function stopParts(parts: PartProcess[]): Promise<void> {
  for (const name of ["collector", "publisher", "hub"]) {
    await parts.find((part) => part.name === name)?.stop();
  }
}

function untilStopped(parts: PartProcess[]): Promise<number> {
  return new Promise((resolve) => {
    const stop = () => {
      say("stopping");
      stopParts(parts).then(
        () => resolve(0),
        () => resolve(1),
      );
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    process.once("SIGHUP", stop);
  });
}

function prepareDataFolder(data: string): void {
  try {
    for (const name of ["hub", "run", "spool"]) mkdirSync(join(data, name), { recursive: true, mode: 0o700 });
    accessSync(data, constants.W_OK);
  } catch (error) {
    throw new Fault(
      "DATA_UNWRITABLE",
      `The data folder ${data} cannot be written; choose another with --data`,
      {},
      error,
    );
  }
}

function say(line: string): void {
  process.stderr.write(`atalaya: ${line}\n`);
}
