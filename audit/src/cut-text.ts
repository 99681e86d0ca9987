import { createHash } from "node:crypto";

const looksCut = /\[cut [0-9a-f]{32}\]$/;

/**
 * A text of at most `max` characters (80 or more). One that is cut ends in a mark with a hash of its whole, so that two
 * texts never become one: also not a text that was made to look like what another becomes.
 */
export function cutText(text: string, max: number): string {
  if (text.length <= max && !looksCut.test(text)) return text;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 32);
  const mark = `[cut ${hash}]`;
  return text.slice(0, max - mark.length) + mark;
}
