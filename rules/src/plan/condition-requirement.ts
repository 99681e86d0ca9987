import {
  type AtalayaEvent,
  blankEvent,
  type EventClass,
  type FileEvent,
  type NetworkEvent,
  type ProcessEvent,
} from "@atalaya/wire";
import { type CheckNode, childrenOf, type Node } from "../compile/resolve.ts";
import { EventView } from "../event-view.ts";
import { eventTypesOf } from "../fields/event-kinds.ts";
import { fileChanges } from "../fields/file-change-fields.ts";
import { connectFailed, dnsAnswer, unixConnect } from "./call-kinds.ts";
import { changeRequirement, isChange, lacksField } from "./change-requirement.ts";
import { domainRequirement } from "./domain-requirement.ts";
import { directoryRequirement, nameRequirement, pathRequirement } from "./path-requirement.ts";
import { portRequirement } from "./port-requirement.ts";
import { allOf, anyOf, anything, constant, type Requirement, requiring } from "./requirement.ts";

/** `class.activity` of an event (fields/event-kinds.ts). */
export type Kind = string;

/** What was found of nodes, plain and under a `not`. */
export type Known<T> = Map<Node, [plain: T | undefined, negated: T | undefined]>;

/** Found once: a shared macro is looked at once a rule, not once a use, since they can double each other. */
export function found<T extends NonNullable<unknown>>(known: Known<T>, node: Node, negated: boolean, find: () => T): T {
  const side = negated ? 1 : 0;
  const before = known.get(node)?.[side];
  if (before !== undefined) return before;
  const now = find();
  const both = known.get(node) ?? [undefined, undefined];
  both[side] = now;
  known.set(node, both);
  return now;
}

/** What an event of a kind must look like so that the condition can hold. Never too narrow. */
export function requirementOf(
  node: Node,
  kind: Kind,
  negated = false,
  known: Known<Requirement> = new Map(),
): Requirement {
  return found(known, node, negated, () => requirement(node, kind, negated, known));
}

function requirement(node: Node, kind: Kind, negated: boolean, known: Known<Requirement>): Requirement {
  if (node.kind === "check") return ofCheck(node, kind, negated);
  if (node.kind === "not") return requirementOf(node.child, kind, !negated, known);
  const children = childrenOf(node).map((child) => requirementOf(child, kind, negated, known));
  if (node.kind === "macro") return children[0] ?? anything;
  // De Morgan: under `not`, and and or change places.
  return (node.kind === "and") !== negated ? allOf(children) : anyOf(children);
}

const classOf = (kind: Kind): EventClass => kind.slice(0, kind.indexOf(".")) as EventClass;

function ofCheck(check: CheckNode, kind: Kind, negated: boolean): Requirement {
  const { left } = check;
  // A field that these events never have makes the comparison false.
  if (left.classes !== undefined && !left.classes.includes(classOf(kind))) return constant(negated);
  if (lacksField(left.field, kind)) return constant(negated);
  const fixed = fixedOutcome(check, kind);
  if (fixed !== undefined) return constant(fixed !== negated);
  if (negated || check.values === undefined) return anything;
  if (isChange(kind)) return changeRequirement(check, check.values, kind);
  switch (kind) {
    case "file.open":
    case "file.open_failed":
      return ofOpen(check, check.values);
    case "process.exec_failed":
      return ofExec(check, check.values);
    case "dns.query":
    case dnsAnswer:
      return domainRequirement(check, check.values);
    case "network.connect":
    case "network.send":
      return portRequirement(check, check.values);
    case unixConnect:
      return left.text === "fd.name" ? pathRequirement(check.operator, check.values) : anything;
    default:
      return anything;
  }
}

function ofExec({ left, operator }: CheckNode, values: readonly string[]): Requirement {
  if (left.text === "evt.arg.filename") return pathRequirement(operator, values);
  return left.text === "basename(evt.arg.filename)" ? nameRequirement(operator, values) : anything;
}

function ofOpen({ left, operator }: CheckNode, values: readonly string[]): Requirement {
  switch (left.text) {
    case "fd.name":
    case "evt.arg.name":
    case "fs.path.name":
      return pathRequirement(operator, values);
    case "fd.filename":
    case "basename(fd.name)":
    case "basename(evt.arg.name)":
      return nameRequirement(operator, values);
    case "fd.directory":
      return directoryRequirement(operator, values);
    case "evt.is_open_write":
      return opensForWriting(operator, values);
    case "evt.arg.flags":
      return operator === "contains" && values.every((value) => /O_WRONLY|O_RDWR/.test(value))
        ? requiring({ write: true })
        : anything;
    case "evt.type":
      // What is left after fixedOutcome: creat(2) alone.
      return requiring({ write: true });
    default:
      return anything;
  }
}

function opensForWriting(operator: string, values: readonly string[]): Requirement {
  const asked = values.map((value) => value.toLowerCase() === "true" || value === "1");
  const write = operator === "!=" ? asked.every((one) => !one) : asked.every((one) => one);
  return write ? requiring({ write: true }) : anything;
}

/** What a comparison gives for every event of the kind, when it is the same for all. */
function fixedOutcome(check: CheckNode, kind: Kind): boolean | undefined {
  const { left, operator } = check;
  if (left.field === "evt.type" || left.field === "syscall.type") return typeOutcome(check, kind);
  if (kind === connectFailed && isStillTrying(check)) return false;
  const examples = representatives[kind];
  const isFixed = fixedFields[kind]?.test(left.text) === true;
  if (examples === undefined || !(isFixed || resultFields.has(left.text))) return undefined;
  const outcomes = examples.map((event) => {
    const view = new EventView();
    view.load(event);
    return check.test(view);
  });
  const [first] = outcomes;
  // Of a refusal's error the two ends stand for all in comparisons of order; equality may hold between them.
  const isOrder = ["<", "<=", ">", ">=", "exists"].includes(operator);
  const isSingle = isFixed || isAlike.has(kind) || left.text === "fd.num" || left.text === "evt.failed";
  if (!isOrder && !isSingle) return undefined;
  return outcomes.every((outcome) => outcome === first) ? first : undefined;
}

/** Falco's rules about connections ask for those that are made or go on: one that goes on has not failed. */
const isStillTrying = ({ left, operator, values }: CheckNode): boolean =>
  left.text === "evt.res" &&
  ["=", "==", "in"].includes(operator) &&
  values?.every((one) => one === "EINPROGRESS") === true;

/** What is the same for every event of the kind: a socket that is a file has no address. */
const fixedFields: Readonly<Record<Kind, RegExp>> = {
  [unixConnect]: /^fd\.([sclr]?(ip|port|net)|l4proto|type|typechar|sockfamily)$/,
  "network.connect": /^fd\.sockfamily$/,
  "network.send": /^fd\.sockfamily$/,
  "network.receive": /^fd\.(sockfamily|connected)$/,
};

/** The kinds whose results are the examples' and no others. */
const isAlike: ReadonlySet<Kind> = new Set([
  "file.open",
  "dns.query",
  dnsAnswer,
  "network.connect",
  "network.send",
  "network.dup",
  "network.bind",
  "network.listen",
  "network.receive",
  unixConnect,
]);

const resultFields = new Set(["evt.rawres", "fd.num", "evt.failed", "evt.res"]);

/** What only a refused call has, too. */
const speakOfResults: ReadonlySet<string> = new Set([...resultFields, "fd.nameraw"]);

/** A connection that failed has a descriptor, as one that is tried: who speaks of that alone does not mean it. */
const speakOfErrors: ReadonlySet<string> = new Set(["evt.rawres", "evt.failed", "evt.res"]);

/** Whether a condition speaks of how the call ended, macros included. */
export function asksForResults(node: Node, seen = new Set<Node>()): boolean {
  if (seen.has(node)) return false;
  seen.add(node);
  if (node.kind === "check") return speakOfResults.has(node.left.text);
  return childrenOf(node).some((child) => asksForResults(child, seen));
}

/** The same of an error alone, and in a part of the condition that events of the kind can fulfil: not in one about other calls. */
export function asksForErrors(node: Node, kind: Kind): boolean {
  const known: Known<Requirement> = new Map();
  const seen = [new Set<Node>(), new Set<Node>()];
  const asks = (part: Node, negated: boolean): boolean => {
    const before = seen[negated ? 1 : 0];
    if (before?.has(part) || requirementOf(part, kind, negated, known).length === 0) return false;
    before?.add(part);
    if (part.kind === "check") return speakOfErrors.has(part.left.text);
    if (part.kind === "not") return asks(part.child, !negated);
    return childrenOf(part).some((child) => asks(child, negated));
  };
  return asks(node, false);
}

function refusedOpen(error: number): FileEvent {
  return { ...blankEvent("file"), activity: "open_failed", error };
}
function refusedExec(error: number): ProcessEvent {
  return { ...blankEvent("process"), activity: "exec_failed", error };
}
function socketEvent(activity: NetworkEvent["activity"], over: Partial<NetworkEvent> = {}): NetworkEvent {
  return { ...blankEvent("network"), activity, ...over };
}
function changed(activity: (typeof fileChanges)[number], error: number): FileEvent {
  return { ...blankEvent("file"), activity, error };
}
const fdMax = 2 ** 31 - 1;
const representatives: Readonly<Record<Kind, readonly AtalayaEvent[]>> = {
  "file.open": [{ ...blankEvent("file"), activity: "open" }],
  "file.open_failed": [refusedOpen(-1), refusedOpen(-4095)],
  "process.exec_failed": [refusedExec(-1), refusedExec(-4095)],
  ...Object.fromEntries(fileChanges.map((change) => [`file.${change}`, [0, -1, -4095].map((e) => changed(change, e))])),
  "dns.query": [{ ...blankEvent("dns"), activity: "query" }],
  [dnsAnswer]: [{ ...blankEvent("dns"), activity: "answer" }],
  "network.connect": [socketEvent("connect", { dst_ip: "192.0.2.1" })],
  "network.send": [socketEvent("send", { dst_ip: "192.0.2.1" })],
  "network.dup": [0, 1, 2].map((fd) => socketEvent("dup", { fd })),
  "network.bind": [socketEvent("bind")],
  "network.listen": [socketEvent("listen")],
  "network.accept": [0, fdMax].map((fd) => socketEvent("accept", { fd })),
  "network.socket": [0, fdMax].map((fd) => socketEvent("socket", { fd })),
  "network.receive": [socketEvent("receive", { dst_ip: "192.0.2.1" })],
  [connectFailed]: [-1, -4095].map((error) => socketEvent("connect_failed", { dst_ip: "192.0.2.1", error })),
  [unixConnect]: [socketEvent("connect", { socket: [1, 1, 0], path: "/" })],
};

/** An open goes by several names always, by creat only with that call's flags; other events by all of theirs. */
function typeOutcome(check: CheckNode, kind: Kind): boolean | undefined {
  const { operator, values } = check;
  if (values === undefined || check.left.transforms.length > 0) return undefined;
  const isEqual = ["=", "==", "in", "intersects"].includes(operator);
  if (!isEqual && operator !== "!=") return undefined;
  const names = eventTypesOf(kind).filter((name) => name !== "creat");
  const named = values.some((value) => names.includes(value));
  if (!named && eventTypesOf(kind).includes("creat") && values.includes("creat")) return undefined;
  // Which of its names an event of another kind goes by may depend on the event.
  if (named && names.length > 1 && representatives[kind] === undefined) return undefined;
  return named === isEqual;
}
