import { type SensorReport, sensorReportSchema } from "@atalaya/wire";
import { z } from "zod";

/** Before the result's line on the serial line, where the kernel writes, too. */
export const resultMark = "ATALAYA-GUEST-RESULT ";

const checkSchema = z.object({
  name: z.string(),
  passed: z.boolean(),
  /** What was not as it should be. */
  problem: z.string().optional(),
  milliseconds: z.number(),
});
const resultSchema = z.object({
  release: z.string(),
  architecture: z.string(),
  /** From the kernel's start to the guest's program. */
  boot_seconds: z.number(),
  lsms: z.string(),
  programs: sensorReportSchema.shape.programs,
  checks: z.array(checkSchema),
  seconds: z.number().default(0),
});

export type GuestCheck = z.infer<typeof checkSchema>;
export type GuestResult = z.infer<typeof resultSchema>;
export type GuestPrograms = SensorReport["programs"];

/** The result in a console's text, or undefined where there is none. Throws a ZodError on one of another shape. */
export function readResult(text: string): GuestResult | undefined {
  const line = text.split(/\r?\n/).findLast((one) => one.startsWith(resultMark));
  return line === undefined ? undefined : resultSchema.parse(JSON.parse(line.slice(resultMark.length)));
}
