import type { SensorEvent } from "@atalaya/wire";
import { boundField, type Field, type FieldType } from "./field.ts";

// Ours alone: `sensor.*`, what the hub makes known of a node's sensor (wire/src/event-classes.ts, sensorColumns).

function sensorField(name: string, type: FieldType, get: (event: SensorEvent) => string | number | null): Field {
  const read = () => (view: { event: unknown }) => get(view.event as SensorEvent) ?? undefined;
  return boundField("sensor", name, type, read, { classes: ["sensor"] });
}

/** Whole seconds, rounded up: what lasted a moment did not last 0 s. */
const seconds = (us: number | null): number | null => (us === null ? null : Math.ceil(Math.abs(us) / 1e6));

export const sensorFields: readonly Field[] = [
  sensorField("sensor.activity", "string", (event) => event.activity),
  sensorField("sensor.node", "string", (event) => event.node ?? null),
  sensorField("sensor.reason", "string", (event) => event.reason),
  sensorField("sensor.object", "string", (event) => event.object),
  sensorField("sensor.count", "number", (event) => event.count),
  sensorField("sensor.duration", "number", (event) => seconds(event.duration_us)),
  sensorField("sensor.message", "string", (event) => event.message),
];
