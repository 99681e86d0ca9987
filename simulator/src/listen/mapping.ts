import { readFileSync, statSync } from "node:fs";
import { Fault } from "@atalaya/wire";
import * as z from "zod";
import falco from "../../mappings/falco.json" with { type: "json" };
import { expectedAlertNames } from "../attack/all-expectations.ts";
import { limits } from "../limits.ts";

// Which of a product's rules count as which expected alert:
//
//   { "format": "atalaya-simulation-mapping/1",
//     "product": "what it is, and with which rules",
//     "alerts": { EXPECTED ALERT: [RULE, …] } }
//
// Any of the rules counts. An expected alert without a rule, or left out, is one that the product does not claim: it is
// reported as not covered, neither as a tick nor as a miss.

const schema = z.strictObject({
  format: z.literal("atalaya-simulation-mapping/1"),
  product: z.string().min(1).max(256),
  alerts: z.record(z.string(), z.array(z.string().min(1).max(256)).max(256)),
});
export type Mapping = z.infer<typeof schema>;

/** Checks what a mapping file holds. Throws Fault USAGE with the place that is wrong. */
export function checkMapping(value: unknown, file: string): Mapping {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Fault("USAGE", `${file} is no mapping: ${issue?.path.join(".") || "the file"}: ${issue?.message}`);
  }
  const known = expectedAlertNames();
  const unknown = Object.keys(parsed.data.alerts).find((name) => !known.includes(name));
  if (unknown === undefined) return parsed.data;
  throw new Fault(
    "USAGE",
    `${file} maps the alert "${unknown}", which no scenario expects. These are: ${known.join("; ")}`,
  );
}

/** The mapping in `file`; Falco's own rules when no file is named. Throws Fault USAGE. */
export function readMapping(file: string | undefined): Mapping {
  if (file === undefined) return checkMapping(falco, "the mapping of Falco's rules");
  let text: string;
  try {
    if (statSync(file).size > limits.mappingBytesMax) throw new Error("it is larger than 1 MiB");
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new Fault("USAGE", `${file} cannot be read (${cause instanceof Error ? cause.message : cause})`, {}, cause);
  }
  return checkMapping(parseJson(text), file);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
