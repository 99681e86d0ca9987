import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { classColumns, type EventClass, emptyFilterPlan, Fault } from "@atalaya/wire";
import { defaultPinFolder } from "./pin-folder.ts";
import { defaultWatchList, planOfNames } from "./watch-list.ts";
import type { WorkerOptions } from "./worker-messages.ts";

/** The group `atalaya` of the images. */
const sharedGroup = 65_532;

export const help = `Usage: atalaya collector (--socket PATH | --stdout) [options]

The sensor: reads what the kernel's programs saw and hands it on as events. Needs root.

  --socket PATH      the publisher's Unix socket
  --node NAME        the name that this machine's events carry (default: the host's name)
  --cluster NAME     the cluster that they belong to (default local)
  --objects DIR      the built programs and the addon (default: those of this build)
  --pin DIR          a folder in a bpffs for this sensor alone: its programs and rings are kept there, and go on while
                     no collector runs; the next one goes on with them (default ${defaultPinFolder})
  --no-function-hooks
                     watch system calls at tracepoints also where the kernel lets programs hang at the calls' own functions
                     (docs/kernel-hooks.md): every call of the machine costs more then, and 32-bit calls are not seen
  --no-pin           keep nothing: the watch ends with this process
  --unpin-at-end     end the watch at Ctrl-C or SIGTERM; without, what is pinned goes on
  --state DIR        where the hub's last word (what to watch) is kept for the next start
  --audit-log PATH   the audit log of an API server on this machine; needs --state
  --ca FILE          the hub's CA certificate, by which that word is verified; may appear later
  --enforce FILE     this node's own file that permits to block programs, and switches it off (docs/drift.md): root's, and
                     writable by nobody else. Without it nothing is ever blocked
  --share DIR        make this folder the publisher's too: group-owned (--share-group), mode 2770; can be repeated
  --share-group GID  (default ${sharedGroup})
  --host-root DIR    where the host's files are seen, for what runtimes leave of containers; in a pod: /proc/1/root
  --containerd DIR   a folder of containerd's tasks beside the usual ones; can be repeated
  --health FILE      say in this file every second or two how the sensor is, for the probe \`healthy FILE alive|ready\`
  --leave            this machine is left for good: remove pins, kept state and shared folders, and wait for the end
  --ignore-pid N     never report this process; can be repeated (this process itself never is)
  --stdout           print events as JSON lines, one an event; needs neither publisher nor hub
  --container ID     with --stdout: only of this container (start of its id, its name, or "host")
  --class C          with --stdout: only this class: process, file, network, dns, sensor
  --name N           with --stdout: only of processes with this name
  --watch NAME       with --stdout: report opens, changes (rename, unlink, chmod, ...) and refused execs of this file name,
                     and connections to a socket of this name; can be repeated
  --watch-domain D   with --stdout: report questions to name servers for this domain and what is below it; can be
                     repeated; "." is every question
  --watch-call C     with --stdout: report these calls: dup (onto a standard stream), bind, listen, accept, socket (packet
                     and raw ones), unix_connect, connect_failed, receive, ptrace, mount and their like, rename, chmod and their
                     like; can be repeated
  --help

Without these three, --stdout watches every question, those calls but the last, and these names: ${defaultWatchList.join(" ")}

Examples:
  atalaya collector --stdout --class process
  atalaya collector --stdout --container host --watch shadow --watch passwd
  atalaya collector --socket /var/lib/atalaya/run/collector.sock --node node-1 --cluster prod`;

export type CollectorArguments = {
  help: boolean;
  socket: string | undefined;
  stateFolder: string | undefined;
  caFile: string | undefined;
  auditLog: string | undefined;
  unpinAtEnd: boolean;
  /** Folders that the publisher, which is not root, writes to as well. */
  shared: { folders: string[]; group: number };
  leave: boolean;
  /** Where to pin; null for nowhere. */
  pin: string | null;
  worker: WorkerOptions;
};

const options = {
  socket: { type: "string" },
  node: { type: "string" },
  cluster: { type: "string", default: "local" },
  objects: { type: "string" },
  pin: { type: "string" },
  "no-pin": { type: "boolean", default: false },
  "no-function-hooks": { type: "boolean", default: false },
  "unpin-at-end": { type: "boolean", default: false },
  state: { type: "string" },
  ca: { type: "string" },
  "audit-log": { type: "string" },
  enforce: { type: "string" },
  share: { type: "string", multiple: true },
  "share-group": { type: "string", default: String(sharedGroup) },
  "host-root": { type: "string", default: "" },
  containerd: { type: "string", multiple: true },
  health: { type: "string" },
  leave: { type: "boolean", default: false },
  "ignore-pid": { type: "string", multiple: true },
  stdout: { type: "boolean", default: false },
  container: { type: "string" },
  class: { type: "string" },
  name: { type: "string" },
  watch: { type: "string", multiple: true },
  "watch-domain": { type: "string", multiple: true },
  "watch-call": { type: "string", multiple: true },
  help: { type: "boolean", default: false },
} as const;

/** Reads the command line; throws Fault USAGE with a sentence that says what to change. */
export function readCollectorArguments(args: readonly string[]): CollectorArguments {
  const { values } = parsed(args);
  if (!values.help && values.stdout === (values.socket !== undefined)) {
    throw usage("give either --socket PATH or --stdout");
  }
  const lineOptions = ["container", "class", "name", "watch", "watch-domain", "watch-call"] as const;
  for (const name of values.stdout ? [] : lineOptions) {
    if (values[name] !== undefined) throw usage(`--${name} only goes with --stdout`);
  }
  for (const name of values.stdout ? (["pin", "state", "ca", "audit-log", "enforce", "share", "leave"] as const) : []) {
    if (values[name] !== undefined && values[name] !== false) throw usage(`--${name} only goes with --socket`);
  }
  if (values.pin !== undefined && values["no-pin"]) throw usage("give either --pin DIR or --no-pin");
  if (values.leave && (values.stdout || values["no-pin"])) throw usage("--leave goes with --socket and --pin");
  const auditLog = values["audit-log"];
  if (auditLog !== undefined && values.state === undefined)
    throw usage("--audit-log needs --state DIR, where is kept how far it was read");
  if (auditLog?.startsWith("/") === false) throw usage("--audit-log takes a whole path, from / on");
  if (values.enforce?.startsWith("/") === false) throw usage("--enforce takes a whole path, from / on");
  const ignored = (values["ignore-pid"] ?? []).map((pid) => {
    if (!/^[1-9]\d{0,9}$/.test(pid)) throw usage("--ignore-pid takes a process id");
    return Number(pid);
  });
  const chosen = { names: values.watch, domains: values["watch-domain"], calls: values["watch-call"] };
  return {
    help: values.help,
    socket: values.socket,
    stateFolder: values.state,
    caFile: values.ca,
    auditLog,
    unpinAtEnd: values["unpin-at-end"],
    shared: { folders: values.share ?? [], group: readGroup(values["share-group"]) },
    leave: values.leave,
    pin: values.stdout || values["no-pin"] ? null : (values.pin ?? defaultPinFolder),
    worker: {
      node: values.node ?? hostname(),
      cluster: values.cluster,
      objectFolder: values.objects ?? builtObjects(),
      ignorePids: [process.pid, ...ignored],
      lines: values.stdout ? { container: values.container, class: eventClass(values.class), name: values.name } : null,
      plan: values.stdout ? planOfNames(chosen) : emptyFilterPlan,
      pinFolder: null,
      hooksFunctions: !values["no-function-hooks"],
      hostRoot: values["host-root"].replace(/\/+$/, ""),
      containerdTasks: values.containerd ?? [],
      healthFile: values.health,
      permitFile: values.enforce,
      auditStateFolder: auditLog === undefined ? null : (values.state ?? null),
      state: null,
      notes: [],
    },
  };
}

/** In a package they lie beside the bundle, in a checkout below build/. */
function builtObjects(): string {
  const isPackaged = import.meta.url.endsWith(".js");
  return fileURLToPath(new URL(isPackaged ? "./objects" : "../../build/collector", import.meta.url));
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

function readGroup(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw usage("--share-group takes a group's number");
  return Number(text);
}

function eventClass(name: string | undefined): EventClass | undefined {
  if (name === undefined || Object.hasOwn(classColumns, name)) return name as EventClass | undefined;
  throw usage(`--class takes one of ${Object.keys(classColumns).join(", ")}`);
}

function usage(reason: string): Fault {
  return new Fault("USAGE", `collector: ${reason}; see --help`);
}
