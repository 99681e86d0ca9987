import { type AtalayaEvent, blankEvent, type EventClass } from "@atalaya/wire";
import { type CheckNode, childrenOf, type Node } from "../compile/resolve.ts";
import { EventView } from "../event-view.ts";
import { cgroupMove, connectFailed, dnsAnswer } from "./call-kinds.ts";
import { found, type Kind, type Known, requirementOf } from "./condition-requirement.ts";
import { alwaysReported } from "./lets-through.ts";

// Whether a condition can hold for what the host does. Most rules begin with `container.id != host`.

/** What says of a process where it is: of the host's each is the same, always. */
const placeFields = /^(container|k8s|atalaya\.container)\./;

/**
 * Kinds of which the kernel tells the host's whatever a plan says: whose other events are depends on them, they are the sensor's
 * own, or it does not look where they were done.
 */
const everywhere: ReadonlySet<Kind> = new Set([
  ...alwaysReported,
  cgroupMove,
  connectFailed,
  dnsAnswer,
  "dns.query",
  "process.namespace",
  "kernel.proc_mem_open",
  "kernel.sensor_signal",
  "kernel.sensor_bpf",
]);

/** Whether the kernel can keep back what the host does of a kind. */
export const canBeContainersOnly = (kind: Kind): boolean => !everywhere.has(kind);

/** Whether some event of the kind that is the host's can match. Never a wrong no. */
export function canBeHosts(node: Node, kind: Kind, negated = false, known: Known<boolean> = new Map()): boolean {
  return found(known, node, negated, () => isPossible(node, kind, negated, known));
}

function isPossible(node: Node, kind: Kind, negated: boolean, known: Known<boolean>): boolean {
  if (node.kind === "check") {
    const outcome = outcomeOnHost(node, kind);
    return outcome === undefined ? requirementOf(node, kind, negated).length > 0 : outcome !== negated;
  }
  if (node.kind === "not") return canBeHosts(node.child, kind, !negated, known);
  const children = childrenOf(node);
  const can = (child: Node) => canBeHosts(child, kind, negated, known);
  if (node.kind === "macro") return children.every(can);
  // De Morgan: under `not`, and and or change places.
  return (node.kind === "and") !== negated ? children.every(can) : children.some(can);
}

/** What a comparison gives for every event of the host, where that is the same for all. */
function outcomeOnHost(check: CheckNode, kind: Kind): boolean | undefined {
  const comparesFields = check.values === undefined && check.operator !== "exists";
  if (comparesFields || !placeFields.test(check.left.field)) return undefined;
  const view = new EventView();
  view.load(hostEvent(kind.slice(0, kind.indexOf(".")) as EventClass));
  return check.test(view);
}

function hostEvent(eventClass: EventClass): AtalayaEvent {
  return { ...blankEvent(eventClass), container_id: "host" } as AtalayaEvent;
}
