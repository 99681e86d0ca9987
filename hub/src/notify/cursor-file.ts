import { readFileSync } from "node:fs";
import { writeWhole } from "@atalaya/wire/files";
import * as z from "zod";

const cursorSchema = z.object({
  commit: z.number().int().nonnegative(),
  committed_us: z.number().nonnegative(),
  /** The last alerts that were told: one of them may change again right after the cursor. */
  told: z.array(z.string()).default([]),
});

/** Up to which commit alerts were told: a hub that starts again goes on there. */
export type Cursor = z.infer<typeof cursorSchema>;

export function readCursor(file: string): Cursor | undefined {
  try {
    return cursorSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined;
  }
}

export function writeCursor(file: string, cursor: Cursor): void {
  writeWhole(file, `${JSON.stringify(cursor)}\n`);
}
