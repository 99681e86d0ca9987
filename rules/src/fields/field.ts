import type {
  ApiEvent,
  AtalayaEvent,
  EventClass,
  FileEvent,
  KernelEvent,
  NetworkEvent,
  ProcessEvent,
  SyscallEvent,
} from "@atalaya/wire";
import type { RuleSource } from "../contract.ts";
import type { EventView, FieldValue, Read } from "../event-view.ts";

export type FieldType = "string" | "number" | "boolean" | "ip" | "net";

/**
 * How several values of one field are compared.
 * one: there is one value. list: Falco's list fields (`in`: every value, `intersects`: at least one).
 * ancestors: the comparison holds for at least one. sides: either side of a connection, one of several names of a
 * system call, or of the values of a variable that is set twice; holds for at least one, and `!=` for all.
 */
export type FieldShape = "one" | "list" | "ancestors" | "sides";

/** A field of the rule language: its name, where it comes from, and how it is read. */
export type Field = {
  name: string;
  source: RuleSource | "both";
  type: FieldType;
  shape: FieldShape;
  /** What `[ ]` behind the name may hold. */
  argument: "none" | "index" | "key";
  argumentRequired: boolean;
  /** Classes of events in which it can have a value; undefined: in all of its source. Empty: never, in this version. */
  classes: readonly EventClass[] | undefined;
  /** With an index, the field has one value even where it has many without. */
  bind(argument: string | undefined): Read;
};

type Options = Partial<Pick<Field, "shape" | "argument" | "argumentRequired" | "classes">>;

function field(
  source: Field["source"],
  name: string,
  type: FieldType,
  bind: (argument: string | undefined) => Read,
  options: Options,
): Field {
  const argumentRequired = options.argumentRequired ?? false;
  const { shape = "one", argument = "none", classes } = options;
  return { name, source, type, shape, argument, argumentRequired, classes, bind };
}

const as =
  <E extends AtalayaEvent>(get: (event: E, view: EventView) => FieldValue | null): Read =>
  (view) =>
    get(view.event as E, view) ?? undefined;

const syscallClasses: readonly EventClass[] = ["process", "file", "network", "dns", "kernel"];

/** A field that every event of a process has. */
export function actorField(
  name: string,
  type: FieldType,
  get: (event: SyscallEvent, view: EventView) => FieldValue | null,
  options: Options = {},
): Field {
  return field("syscall", name, type, () => as(get), { classes: syscallClasses, ...options });
}

export function processField(
  name: string,
  type: FieldType,
  get: (event: ProcessEvent) => FieldValue | null,
  options: Options = {},
): Field {
  return field("syscall", name, type, () => onlyIn("process", get), { classes: ["process"], ...options });
}

export function fileField(name: string, type: FieldType, get: (event: FileEvent) => FieldValue | null): Field {
  return field("syscall", name, type, () => onlyIn("file", get), { classes: ["file"] });
}

export function networkField(
  name: string,
  type: FieldType,
  get: (event: NetworkEvent) => FieldValue | null,
  options: Options = {},
): Field {
  return field("syscall", name, type, () => onlyIn("network", get), { classes: ["network"], ...options });
}

/** A field of the class kernel: calls that few programs need. */
export function kernelField(name: string, type: FieldType, get: (event: KernelEvent) => FieldValue | null): Field {
  return field("syscall", name, type, () => onlyIn("kernel", get), { classes: ["kernel"] });
}

function onlyIn<E extends AtalayaEvent>(name: EventClass, get: (event: E) => FieldValue | null): Read {
  return (view) => (view.event?.class === name ? (get(view.event as E) ?? undefined) : undefined);
}

export function auditField(
  name: string,
  get: (event: ApiEvent, view: EventView) => FieldValue | null,
  options: Options = {},
): Field {
  return field("k8s_audit", name, "string", () => as(get), { classes: ["api"], ...options });
}

/** A field with an argument: `bind` makes the reader for one argument. */
export function boundField(
  source: Field["source"],
  name: string,
  type: FieldType,
  bind: (argument: string | undefined) => Read,
  options: Options,
): Field {
  return field(source, name, type, bind, options);
}

/** A field of Falco's that no event of ours carries yet: rules with it load, and its comparisons are false. */
export function absentField(name: string, type: FieldType = "string", options: Options = {}): Field {
  return field("syscall", name, type, () => () => undefined, { ...options, classes: [] });
}
