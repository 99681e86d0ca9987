import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AtalayaEvent, eventFromJson } from "@atalaya/wire";

const samplesFolder = join(import.meta.dirname, "..", "samples");

/**
 * What an attack (`fires`) or its harmless twin (`quiet`) looked like: our events for a runtime rule, records of the
 * API server's audit log for a control-plane rule. The twin differs in the one fact that decides.
 */
export type Sample = {
  kind: "fires" | "quiet";
  /** What follows `fires-` or `quiet-` in the file's name. */
  name: string;
  /** The file, from the repository's root. */
  path: string;
  /** Kernel release, or the API server's version. */
  kernel: string;
  /** Container runtime and version; empty for audit records. */
  runtime: string;
  command: string;
  /** Recorded from a sensor or an API server; false: written by hand. */
  captured: boolean;
  events: AtalayaEvent[];
  records: unknown[];
};

/** `Drift Binary Executed` -> `drift-binary-executed`: the rule's folder below samples/. */
export function ruleSlug(rule: string): string {
  return rule
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** The samples beside a rule, firing ones first. Throws when a file is not a sample: it is our own content. */
export function samplesOf(rule: { name: string }, folder: string = samplesFolder): Sample[] {
  const slug = ruleSlug(rule.name);
  if (!existsSync(join(folder, slug))) return [];
  const files = readdirSync(join(folder, slug)).filter((file) => /^(fires|quiet)-[a-z0-9-]+\.json$/.test(file));
  return files.sort().map((file) => readSample(folder, slug, file));
}

function readSample(folder: string, slug: string, file: string): Sample {
  const path = `detections/samples/${slug}/${file}`;
  const given: unknown = JSON.parse(readFileSync(join(folder, slug, file), "utf8"));
  const sample = given as Partial<Record<keyof Sample, unknown>>;
  const text = (key: "kernel" | "runtime" | "command"): string => {
    const value = sample[key];
    if (typeof value !== "string") throw new Error(`${path}: \`${key}\` is not a text`);
    return value;
  };
  const list = (key: "events" | "records"): unknown[] => {
    const value = sample[key] ?? [];
    if (!Array.isArray(value)) throw new Error(`${path}: \`${key}\` is not a list`);
    return value;
  };
  const events = list("events").map((event, index) => {
    const read = eventFromJson(event);
    if (!read.ok) throw new Error(`${path}: event ${index}: ${read.reason}`);
    return read.value;
  });
  const records = list("records");
  if (events.length + records.length === 0) throw new Error(`${path}: holds neither events nor records`);
  return {
    kind: file.startsWith("fires-") ? "fires" : "quiet",
    name: file.slice(6, -5),
    path,
    kernel: text("kernel"),
    runtime: text("runtime"),
    command: text("command"),
    captured: sample.captured === true,
    events,
    records,
  };
}
