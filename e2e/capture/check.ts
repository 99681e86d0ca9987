import { readFileSync } from "node:fs";
import { eventFromJson, type SyscallEvent } from "@atalaya/wire";
import type { Attack } from "../attacks/attack.ts";
import type { Captured } from "./capture.ts";
import { expectedRules } from "./fired.ts";
import { sampleFile } from "./sample.ts";
import { shapeOf } from "./shape.ts";

/** What differs between a new capture and the sample that is kept; none when it is the same again. */
export function differences({ attack, events, fired }: Captured): string[] {
  const found: string[] = [];
  const expected = expectedRules(attack);
  if (fired.join() !== expected.join()) {
    found.push(`fired ${fired.join(", ") || "nothing"} instead of ${expected.join(", ") || "nothing"}`);
  }
  const kept = shapeOf(sampleEvents(attack)).map((lines) => lines.join("\n"));
  const now = shapeOf(events).map((lines) => lines.join("\n"));
  for (const process of missing(kept, now)) found.push(`not seen again: ${process}`);
  for (const process of missing(now, kept)) found.push(`not in the sample: ${process}`);
  return found;
}

/** What the first list holds more often than the second. */
function missing(wanted: readonly string[], there: readonly string[]): string[] {
  const rest = [...there];
  return wanted.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

function sampleEvents(attack: Attack): SyscallEvent[] {
  const sample = JSON.parse(readFileSync(sampleFile(attack), "utf8")) as { events: unknown[] };
  return sample.events.map((given) => {
    const read = eventFromJson(given);
    if (!read.ok || read.value.class === "api" || read.value.class === "sensor") {
      throw new Error(`${sampleFile(attack)} holds what is no event of a process`);
    }
    return read.value;
  });
}
