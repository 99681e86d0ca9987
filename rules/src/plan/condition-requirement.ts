import { blankEvent, type DnsEvent, type EventClass, type FileEvent, type ProcessEvent } from "@atalaya/wire";
import { type CheckNode, childrenOf, type Node } from "../compile/resolve.ts";
import { EventView } from "../event-view.ts";
import { domainRequirement } from "./domain-requirement.ts";
import { directoryRequirement, nameRequirement, pathRequirement } from "./path-requirement.ts";
import { allOf, anyOf, anything, constant, type Requirement, requiring } from "./requirement.ts";

/** The events that the kernel filters by name, path or domain. */
export type FilteredKind = "open" | "open_failed" | "exec_failed" | "dns_query";

/** What an event of a kind must look like so that the condition can hold. Never too narrow. */
export function requirementOf(node: Node, kind: FilteredKind, negated = false): Requirement {
  if (node.kind === "check") return ofCheck(node, kind, negated);
  if (node.kind === "not") return requirementOf(node.child, kind, !negated);
  const children = childrenOf(node).map((child) => requirementOf(child, kind, negated));
  if (node.kind === "macro") return children[0] ?? anything;
  // De Morgan: under `not`, and and or change places.
  return (node.kind === "and") !== negated ? allOf(children) : anyOf(children);
}

const classes: Readonly<Record<FilteredKind, EventClass>> = {
  open: "file",
  open_failed: "file",
  exec_failed: "process",
  dns_query: "dns",
};

function ofCheck(check: CheckNode, kind: FilteredKind, negated: boolean): Requirement {
  const { left } = check;
  // A field that these events never have makes the comparison false.
  if (left.classes !== undefined && !left.classes.includes(classes[kind])) return constant(negated);
  const fixed = fixedOutcome(check, kind);
  if (fixed !== undefined) return constant(fixed !== negated);
  if (negated || check.values === undefined) return anything;
  if (kind === "dns_query") return domainRequirement(check, check.values);
  return kind === "exec_failed" ? ofExec(check, check.values) : ofOpen(check, check.values);
}

function ofExec({ left, operator }: CheckNode, values: readonly string[]): Requirement {
  if (left.text === "evt.arg.filename") return pathRequirement(operator, values);
  return left.text === "basename(evt.arg.filename)" ? nameRequirement(operator, values) : anything;
}

function ofOpen({ left, operator }: CheckNode, values: readonly string[]): Requirement {
  switch (left.text) {
    case "fd.name":
    case "evt.arg.name":
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
function fixedOutcome(check: CheckNode, kind: FilteredKind): boolean | undefined {
  const { left, operator } = check;
  if (left.field === "evt.type" || left.field === "syscall.type") return typeOutcome(check, kind);
  if (!resultFields.has(left.text)) return undefined;
  const outcomes = representatives[kind].map((event) => {
    const view = new EventView();
    view.load(event);
    return check.test(view);
  });
  const [first] = outcomes;
  // Of a refusal's error the two ends stand for all in comparisons of order; equality may hold between them.
  const isOrder = ["<", "<=", ">", ">=", "exists"].includes(operator);
  const isSingle = kind === "open" || kind === "dns_query" || left.text === "fd.num" || left.text === "evt.failed";
  if (!isOrder && !isSingle) return undefined;
  return outcomes.every((outcome) => outcome === first) ? first : undefined;
}

const resultFields = new Set(["evt.rawres", "fd.num", "evt.failed", "evt.res"]);

function refusedOpen(error: number): FileEvent {
  return { ...blankEvent("file"), activity: "open_failed", error };
}
function refusedExec(error: number): ProcessEvent {
  return { ...blankEvent("process"), activity: "exec_failed", error };
}
const representatives = {
  open: [{ ...blankEvent("file"), activity: "open" as const }],
  open_failed: [refusedOpen(-1), refusedOpen(-4095)],
  exec_failed: [refusedExec(-1), refusedExec(-4095)],
  dns_query: [{ ...blankEvent("dns"), activity: "query" as const } satisfies DnsEvent],
};

const typeNames: Readonly<Record<FilteredKind, readonly string[]>> = {
  open: ["openat", "open", "openat2"],
  open_failed: ["openat", "open", "openat2"],
  exec_failed: ["execve", "execveat"],
  dns_query: ["dns_query"],
};

/** An open goes by several names always, by creat only with that call's flags. */
function typeOutcome(check: CheckNode, kind: FilteredKind): boolean | undefined {
  const { operator, values } = check;
  if (values === undefined || check.left.transforms.length > 0) return undefined;
  const isEqual = ["=", "==", "in", "intersects"].includes(operator);
  if (!isEqual && operator !== "!=") return undefined;
  const named = values.some((value) => typeNames[kind].includes(value));
  if (!named && classes[kind] === "file" && values.includes("creat")) return undefined;
  return named === isEqual;
}
