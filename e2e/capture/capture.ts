import { builtInPacks } from "@atalaya/detections";
import { loadRules, type RuleSet } from "@atalaya/rules";
import type { SyscallEvent } from "@atalaya/wire";
import type { Attack } from "../attacks/attack.ts";
import { addAttackTools } from "../attacks/image.ts";
import { mustRunInside, runRoute } from "../attacks/run-attack.ts";
import { withVictim } from "../victim.ts";
import { firedBy } from "./fired.ts";
import { Sensor } from "./sensor.ts";

export type Captured = { attack: Attack; events: readonly SyscallEvent[]; fired: readonly string[] };

/** Runs each entry in one victim with the sensor watching; gives what its processes did and the rules that fired. */
export async function captureAll(
  attacks: readonly Attack[],
  onCaptured: (captured: Captured) => Promise<void> | void = () => {},
): Promise<Captured[]> {
  const rules = loadRules(builtInPacks());
  return withVictim(async (victim, attacker) => {
    const sensor = await Sensor.start(victim, rules);
    try {
      const all: Captured[] = [];
      for (const attack of attacks) {
        const captured = await captureOne(attack, rules, sensor, { victim, attacker });
        await onCaptured(captured);
        all.push(captured);
      }
      return all;
    } finally {
      await sensor.stop();
    }
  }, addAttackTools);
}

async function captureOne(
  attack: Attack,
  rules: RuleSet,
  sensor: Sensor,
  targets: Omit<Parameters<typeof runRoute>[1], "sensor">,
): Promise<Captured> {
  for (const argv of attack.prepare) await mustRunInside(targets.victim, argv);
  try {
    const events = await sensor.during(() => runRoute(attack.route, { ...targets, sensor: sensor.pid }));
    return { attack, events, fired: firedBy(rules, events) };
  } finally {
    for (const argv of attack.tidy) await mustRunInside(targets.victim, argv);
  }
}
