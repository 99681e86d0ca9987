import type { RuleSource } from "../contract.ts";
import { auditFields } from "./audit-fields.ts";
import { containerFields } from "./container-fields.ts";
import { dnsFields } from "./dns-fields.ts";
import { eventFields } from "./event-fields.ts";
import type { Field } from "./field.ts";
import { fileChangeFields } from "./file-change-fields.ts";
import { fileDescriptorFields } from "./file-descriptor-fields.ts";
import { objectFields } from "./object-fields.ts";
import { podFields } from "./pod-fields.ts";
import { processFields } from "./process-fields.ts";
import { sensorFields } from "./sensor-fields.ts";

const ruleSources = ["syscall", "k8s_audit", "sensor"] as const satisfies readonly RuleSource[];
const bySource: Readonly<Record<RuleSource, ReadonlyMap<string, Field>>> = {
  syscall: new Map(),
  k8s_audit: new Map(),
  sensor: new Map(),
};

for (const field of [
  ...eventFields,
  ...processFields,
  ...fileDescriptorFields,
  ...fileChangeFields,
  ...dnsFields,
  ...containerFields,
  ...auditFields,
  ...podFields,
  ...objectFields,
  ...sensorFields,
]) {
  for (const source of ruleSources) {
    if (field.source !== "both" && field.source !== source) continue;
    const table = bySource[source] as Map<string, Field>;
    if (table.has(field.name)) throw new Error(`two fields are named ${field.name}`);
    table.set(field.name, field);
  }
}

/** The sources that have a field of that name. */
export const sourcesOf = (name: string): RuleSource[] => ruleSources.filter((source) => bySource[source].has(name));

/** The field of that name in a source's language. */
export const fieldNamed = (source: RuleSource, name: string): Field | undefined => bySource[source].get(name);

/** Every field's name, for the documentation and for tests. */
export const fieldNames = (source: RuleSource): string[] => [...bySource[source].keys()].sort();
