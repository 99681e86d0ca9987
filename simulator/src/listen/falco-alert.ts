import * as z from "zod";
import { limits } from "../limits.ts";
import type { Arrival } from "../report/arrival-list.ts";

// Falco's JSON alert (its http_output, Falcosidekick's webhook, and our own hub's notifications in Falco's shape):
//
//   { "rule": "…", "output_fields": { "container.id": "…", "k8s.ns.name": "…", "k8s.pod.name": "…", … }, … }
//
// Everything else in it is not looked at. Its time is another machine's: only the arrival counts.

const schema = z.object({
  rule: z.string().max(512),
  output_fields: z.record(z.string(), z.unknown()).nullish(),
});

/** The alerts in a request's body: one, a list of them, or one a line. What is none of them counts as refused. */
export function readFalcoAlerts(body: string, arrivedUs: number): { arrivals: Arrival[]; refused: number } {
  const values = valuesIn(body).slice(0, limits.postedPerRequestMax + 1);
  const taken = values.slice(0, limits.postedPerRequestMax);
  const arrivals = taken.flatMap((value) => readFalcoAlert(value, arrivedUs) ?? []);
  return { arrivals, refused: values.length - arrivals.length };
}

function valuesIn(body: string): unknown[] {
  const whole = parseJson(body);
  if (Array.isArray(whole)) return whole;
  if (whole !== undefined) return [whole];
  return body
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map(parseJson);
}

function readFalcoAlert(value: unknown, arrivedUs: number): Arrival | undefined {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return undefined;
  const { rule, output_fields: fields } = parsed.data;
  const text = (name: string) => {
    const field = fields?.[name];
    // Falco prints what it does not know as <NA>, or as null.
    return typeof field === "string" && field !== "" && field !== "<NA>" ? field : undefined;
  };
  const id = text("container.full_id") ?? text("container.id");
  return {
    rule,
    alertId: null,
    arrivedUs,
    lastSeenUs: undefined,
    containerId: id?.length === 64 ? id : undefined,
    containerIdStart: id?.length === 12 ? id : undefined,
    namespace: text("k8s.ns.name"),
    pod: text("k8s.pod.name"),
    user: text("ka.user.name"),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
