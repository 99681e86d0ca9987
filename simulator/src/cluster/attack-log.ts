import * as z from "zod";
import { limits } from "../limits.ts";

/** A line of the attacker's log (charts/atalaya-simulation/files/attack.sh has the grammar). */
export type AttackLine =
  | { state: "clock"; clockUs: number }
  | { state: "began"; scenario: string; step: string; beganUs: number }
  | { state: "ended"; scenario: string; step: string; beganUs: number; failure: string | undefined }
  | { state: "no_victim" }
  | { state: "completed" };

const clock = z.object({ clock_us: z.number().int() });
const noVictim = z.object({ state: z.literal("no_victim") });
const order = z.object({
  scenario: z.string(),
  step: z.string(),
  state: z.enum(["began", "done", "failed"]),
  began_us: z.number().int(),
  why: z.string().optional(),
});

/** Undefined for a line that is none of these: a warning of the shell, a newer chart's word. */
export function readAttackLine(line: string): AttackLine | undefined {
  if (line === "--- Simulation completed ---") return { state: "completed" };
  if (!line.startsWith("{") || line.length > limits.attackLineBytesMax) return undefined;
  const value = parseJson(line);
  const ticking = clock.safeParse(value);
  if (ticking.success) return { state: "clock", clockUs: ticking.data.clock_us };
  if (noVictim.safeParse(value).success) return { state: "no_victim" };
  const given = order.safeParse(value);
  if (!given.success) return undefined;
  const { scenario, step, state, began_us: beganUs, why } = given.data;
  if (state === "began") return { state, scenario, step, beganUs };
  return { state: "ended", scenario, step, beganUs, failure: state === "failed" ? (why ?? "it failed") : undefined };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
