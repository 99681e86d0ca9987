import { basename } from "node:path";
import type { AtalayaEvent } from "@atalaya/wire";
import { whoLimits } from "./limits.ts";

/** The first program of a process that came into a pod's container from outside. */
export type ProcessStart = {
  node: string;
  bootId: string;
  pid: number;
  startUs: number;
  namespace: string;
  pod: string;
  containerId: string;
  container: string | null;
  kind: StartKind;
  /** False for the runtime itself, which is in the container already when it becomes the container's first process, or one that it forked does. */
  mayBeFirst: boolean;
  argv: string[];
  script: string | null;
  isCut: boolean;
  timeUs: number;
};

/**
 * How a process stands to its container. `seenFirst`: the first that was seen of a container that has no pid namespace of
 * its own (`kubectl debug --target`, shareProcessNamespace, hostPID): only there it is not pid 1. `before`: it ran when the sensor began.
 */
export const startKinds = { entered: 0, first: 1, seenFirst: 2, before: 3 } as const;
export type StartKind = (typeof startKinds)[keyof typeof startKinds];

/** Of the exec of such a process; undefined for every other event. */
export function startOfProcess(event: AtalayaEvent, node: string, bootId: string): ProcessStart | undefined {
  if (event.class !== "process" || event.activity !== "exec") return undefined;
  const { pid, start_us: startUs, time_us: timeUs, k8s_namespace: namespace, k8s_pod: pod } = event;
  if (pid === null || startUs === null || timeUs === null || namespace === null || pod === null) return undefined;
  if (event.entry_pid !== pid || event.entry_start_us !== startUs) return undefined;
  const argv = event.argv ?? [];
  const isScript = event.interpreter !== null && event.interpreter !== event.filename;
  return {
    node,
    bootId,
    pid,
    startUs,
    namespace,
    pod,
    containerId: event.container_id ?? "",
    container: event.container_name,
    kind: event.from_snapshot === true ? startKinds.before : kindOf(event.ns_pid),
    mayBeFirst: !isRuntime(argv),
    argv: argv.slice(0, whoLimits.commandArgumentsMax).map(argument),
    script: isScript ? event.filename : null,
    isCut: event.args_truncated === true || argv.length > whoLimits.commandArgumentsMax,
    timeUs,
  };
}

/** `runc init` is executed again from a sealed copy (CVE-2019-5736), in the container's cgroup when it was moved there by then. */
function isRuntime(argv: readonly string[]): boolean {
  return argv.length === 2 && basename(argv[0] ?? "") === "runc" && argv[1] === "init";
}

/** Which of the others was seen first, the store knows. */
function kindOf(nsPid: number | null): StartKind {
  return nsPid === 1 ? startKinds.first : startKinds.entered;
}

function argument(one: string): string {
  return one.length <= whoLimits.argumentCharsMax ? one : `${one.slice(0, whoLimits.argumentCharsMax - 1)}…`;
}
