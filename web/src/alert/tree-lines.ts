/**
 * The line drawing before each row of a tree that is given as depths in drawing order: `├`, `└`, and `│` where an
 * ancestor still has rows to come.
 */
export function treeLines(depths: readonly number[]): string[] {
  const base = Math.min(...depths);
  return depths.map((depth, at) => {
    let line = "";
    for (let level = base + 1; level <= depth; level++) {
      const more = hasMore(depths, at, level);
      if (level === depth) line += more ? "├ " : "└ ";
      else line += more ? "│ " : "  ";
    }
    return line;
  });
}

/** Whether a row of exactly `level` follows before one that is shallower. */
function hasMore(depths: readonly number[], at: number, level: number): boolean {
  for (let after = at + 1; after < depths.length; after++) {
    const depth = depths[after] ?? 0;
    if (depth < level) return false;
    if (depth === level) return true;
  }
  return false;
}
