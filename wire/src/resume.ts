import * as z from "zod";

/**
 * How far each class of each ring is on the publisher's disk: a collector that comes (again) leaves out what is there,
 * so that frames are not handed over twice with other boundaries.
 */
export const resumeSchema = z.object({
  streams: z
    .array(
      z.object({
        bootId: z.string().max(32),
        /** The frames' layout hash. */
        layoutHash: z.string().max(16),
        ring: z.number().int(),
        class: z.string().max(32),
        lastPosition: z.number().nonnegative(),
      }),
    )
    .max(256),
});
export type Resume = z.infer<typeof resumeSchema>;
