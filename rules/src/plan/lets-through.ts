import type { AtalayaEvent, FileEvent, FilterPlan, NetworkEvent } from "@atalaya/wire";
import { kindOf } from "../fields/event-kinds.ts";
import { isOpened } from "../fields/file-change-fields.ts";
import { callName, cgroupMove, dnsAnswer } from "./call-kinds.ts";

// The kernel's filter in TypeScript: what bpf/ does with a plan. The property test of the plan and the kernel test that
// performs a sample of calls for real both ask this one (collector/test/filter-model.kernel.test.ts).

const dnsPort = 53;
/** Components and mounts that the kernel compares (MATCH_DEPTH of bpf/limits.h); what lies deeper is let through. */
const depthMax = 12;

/** Events without which the sensor does not know whose the others are. */
export const alwaysReported: ReadonlySet<string> = new Set(["process.exec", "process.fork", "process.exit"]);

/** Whether the kernel lets an event through under this plan. */
export function letsThrough(plan: FilterPlan, event: AtalayaEvent): boolean {
  const kind = `${event.class}.${event.activity}`;
  if (alwaysReported.has(kind)) return true;
  if (isHostsAlone(plan, event)) return false;
  if (kind === cgroupMove) return plan.calls.includes(callName(kind));
  if (event.class === "kernel") return event.activity !== null && plan.calls.includes(event.activity);
  if (event.class === "network") return isConnectionAsked(plan, event, kind);
  if (event.class === "file" && !isOpened(event)) return isChangeAsked(plan, event);
  if (plan.unasked.includes(kind)) return false;
  switch (kind) {
    case "file.open":
      return isOpenAsked(plan, event as FileEvent);
    case "file.open_failed":
      return plan.refused_opens || isNameAsked(plan, lastName((event as FileEvent).path ?? ""));
    case "process.exec_failed":
      return (
        plan.refused_execs || plan.exec_names.includes(lastName((event.class === "process" && event.filename) || ""))
      );
    case "dns.query":
    case dnsAnswer:
      if (kind === dnsAnswer && !plan.calls.includes(callName(kind))) return false;
      return event.class === "dns" && isDomainAsked(plan, event.query ?? "");
    default:
      return true;
  }
}

/**
 * The kernel must know for certain that it is the host's: here it does. A connection to a name server is told also where only
 * questions are asked for.
 */
function isHostsAlone({ containers_only }: FilterPlan, event: AtalayaEvent): boolean {
  if (!("container_id" in event) || event.container_id !== "host") return false;
  const isQuestion = event.class === "network" && event.protocol === "tcp" && event.dst_port === dnsPort;
  return !isQuestion && containers_only.includes(kindOf(event) ?? "");
}

const lastName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

const isNameAsked = (plan: FilterPlan, name: string): boolean =>
  plan.open_names.includes(name) || plan.open_suffixes.some((suffix) => name.endsWith(suffix));

function isOpenAsked(plan: FilterPlan, { path, open_flags }: FileEvent): boolean {
  const text = path ?? "";
  const parts = text.split("/").filter((part) => part !== "");
  if (parts.length >= depthMax || parts.some((part) => plan.open_names.includes(part))) return true;
  if (plan.open_suffixes.some((suffix) => (parts.at(-1) ?? "").endsWith(suffix))) return true;
  if (plan.open_prefixes.some((prefix) => text.startsWith(prefix))) return true;
  const writes = [1, 2].includes((open_flags ?? 0) & 3);
  return writes && plan.write_prefixes.some((prefix) => text.startsWith(prefix));
}

/** Of the two paths one is enough. One that the kernel cannot read names from (it ends in a slash, say) is let through. */
function isChangeAsked(plan: FilterPlan, { activity, mode, path, other_path }: FileEvent): boolean {
  const call = activity ?? "";
  if (plan.calls.includes(call)) return true;
  if (call === "chmod" && ((mode ?? 0) & 0o6000) !== 0 && plan.calls.includes("chmod_setid")) return true;
  if (!plan.listed_changes.includes(call)) return false;
  return [path, other_path].some((one) => one !== null && isChangedAsked(plan, one));
}

function isChangedAsked({ change_names, change_suffixes, change_prefixes }: FilterPlan, path: string): boolean {
  const name = lastName(path);
  if (name === "" || name === "." || name === "..") return true;
  if (change_names.includes(name) || change_suffixes.some((suffix) => name.endsWith(suffix))) return true;
  return change_prefixes.some((prefix) => path.startsWith(prefix));
}

/** A name that is no file has no name that the kernel looks up. */
const isSocketAsked = ({ calls, socket_names }: FilterPlan, path: string): boolean =>
  calls.includes("unix_connect") || (path.startsWith("/") && socket_names.includes(lastName(path)));

function isConnectionAsked(plan: FilterPlan, event: NetworkEvent, kind: string): boolean {
  const { dst_port, protocol, path, activity } = event;
  if (path !== null) return isSocketAsked(plan, path);
  if (activity !== "connect" && activity !== "send") return activity !== null && plan.calls.includes(activity);
  const isUnasked = plan.unasked.includes(kind);
  if (protocol === "tcp" && dst_port === dnsPort) return !isUnasked || plan.dns_domains.length > 0;
  if (isUnasked) return false;
  const ports = kind === "network.connect" ? plan.connect_ports : kind === "network.send" ? plan.send_ports : null;
  return ports === null || (dst_port !== null && ports.includes(dst_port));
}

function isDomainAsked({ dns_domains }: FilterPlan, name: string): boolean {
  return dns_domains.some((domain) => domain === "." || name === domain || name.endsWith(`.${domain}`));
}
