import { type SensorReport, sensorReportSchema } from "@atalaya/wire";
import * as z from "zod";
import { programPlans } from "../../collector/src/kernel/programs.ts";

/** Before the result's line on the serial line, where the kernel writes, too. */
export const resultMark = "ATALAYA-GUEST-RESULT ";

/** On the kernel's command line: the collector starts with `--no-function-hooks`. */
export const noFunctionHooks = "atalaya_no_function_hooks";

const checkSchema = z.object({
  name: z.string(),
  passed: z.boolean(),
  /** Programs that the act needs and this kernel does not take: it was not done. */
  lacking: z.array(z.string()).optional(),
  /** What was not as it should be. */
  problem: z.string().optional(),
  milliseconds: z.number(),
});
export const resultSchema = z.object({
  release: z.string(),
  architecture: z.string(),
  /** From the kernel's start to the guest's program. */
  boot_seconds: z.number(),
  lsms: z.string(),
  programs: sensorReportSchema.shape.programs,
  /** Programs that neither run nor have a stand-in that does. */
  missing: z.array(z.string()),
  checks: z.array(checkSchema),
  /** Of one system call, with the sensor and without. */
  instructions: z.record(z.string(), z.number()),
  /** What was provoked and told, as `class.activity`. */
  events: z.array(z.string()),
  seconds: z.number().default(0),
  /** Which sources it is about (results.ts); not the guest's own word. */
  sources: z.string().default(""),
});

export type GuestCheck = z.infer<typeof checkSchema>;
export type GuestResult = z.infer<typeof resultSchema>;
export type GuestPrograms = SensorReport["programs"];

/**
 * The result in a console's text, or undefined where there is none that is whole. Throws a ZodError on one of another shape:
 * that is a bug of the guest's program.
 */
export function readResult(text: string): GuestResult | undefined {
  const line = text.split(/\r?\n/).findLast((one) => one.startsWith(resultMark));
  if (line === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line.slice(resultMark.length));
  } catch {
    return undefined; // cut off, or a word of the kernel's in between
  }
  return resultSchema.parse(value);
}

/** The programs that run, and those whose stand-in runs. */
export function runningPrograms(programs: GuestPrograms): Set<string> {
  const running = new Set(programs.filter((one) => one.attached).map((one) => one.name));
  for (const { program, insteadOf, ratherThan } of programPlans) {
    const standsFor = insteadOf ?? ratherThan;
    if (standsFor !== undefined && running.has(program)) running.add(standsFor);
  }
  return running;
}

/** The programs of this architecture that neither run nor have a stand-in that runs. */
export function missingPrograms(programs: GuestPrograms): string[] {
  const running = runningPrograms(programs);
  return programPlans
    .filter(({ insteadOf, ratherThan }) => insteadOf === undefined && ratherThan === undefined)
    .map(({ program }) => program)
    .filter((program) => !running.has(program));
}
