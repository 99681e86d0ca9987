import { Fault } from "@atalaya/wire";

const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** `90s`, `30m`, `1h`, `7d` in seconds. Throws Fault USAGE that names the option. */
export function durationSeconds(option: string, text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match === null) throw new Fault("USAGE", `${option} takes a number and s, m, h or d, like 1h`);
  return Number(match[1]) * seconds[match[2] as keyof typeof seconds];
}

/** A time of the hub (microseconds) as people and programs read it. */
export function timeText(us: number): string {
  return new Date(us / 1_000).toISOString().replace(/\.\d+Z$/, "Z");
}
