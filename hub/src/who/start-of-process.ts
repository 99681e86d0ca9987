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
  isInit: boolean;
  argv: string[];
  script: string | null;
  isCut: boolean;
  timeUs: number;
};

/** Of the exec of such a process; undefined for every other event. */
export function startOfProcess(event: AtalayaEvent, node: string, bootId: string): ProcessStart | undefined {
  if (event.class !== "process" || event.activity !== "exec" || event.from_snapshot === true) return undefined;
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
    isInit: event.ns_pid === 1,
    argv: argv.slice(0, whoLimits.commandArgumentsMax).map(argument),
    script: isScript ? event.filename : null,
    isCut: event.args_truncated === true || argv.length > whoLimits.commandArgumentsMax,
    timeUs,
  };
}

function argument(one: string): string {
  return one.length <= whoLimits.argumentCharsMax ? one : `${one.slice(0, whoLimits.argumentCharsMax - 1)}…`;
}
