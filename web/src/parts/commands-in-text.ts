/** A step of a rule's triage, cut into prose and the commands in it. */
export type TriagePart = { kind: "prose" | "command"; text: string };

// Programs that our packs' steps name. A step is prose; a command in it begins after a colon, a comma or the start.
const command =
  /(^|[:,;.] )((?:sudo )?(?:kubectl|crictl|ctr|runc|docker|nsenter|openssl|curl|journalctl|npx atalaya|atalaya|cat \/|ls -|ls \/|ps -|grep -|find \/|sha256sum|aws|gcloud|az) ?[^\s])/g;

/** Finds the commands in a step; one in backticks is taken as it stands. */
export function splitTriage(step: string): TriagePart[] {
  if (/`[^`]+`/.test(step)) return splitBackticks(step);
  const parts: TriagePart[] = [];
  let from = 0;
  for (const match of step.matchAll(command)) {
    const start = match.index + (match[1]?.length ?? 0);
    if (start < from) continue;
    const end = commandEnd(step, start);
    if (end - start < 8) continue;
    push(parts, "prose", step.slice(from, start));
    push(parts, "command", step.slice(start, end));
    from = end;
  }
  push(parts, "prose", step.slice(from));
  return parts;
}

function splitBackticks(step: string): TriagePart[] {
  const parts: TriagePart[] = [];
  step.split("`").forEach((piece, at) => {
    // Only what looks like a command stands alone; a single word stays in its sentence.
    const isCommand = at % 2 === 1 && piece.includes(" ");
    push(parts, isCommand ? "command" : "prose", at % 2 === 1 && !isCommand ? `\`${piece}\`` : piece);
  });
  return joinProse(parts);
}

/** A command ends, outside quotes and brackets, before `; `, before `, ` and a word of prose, or at the last full stop. */
function commandEnd(step: string, start: number): number {
  let quote = "";
  let depth = 0;
  for (let at = start; at < step.length; at++) {
    const sign = step.charAt(at);
    if (quote !== "") {
      if (sign === quote) quote = "";
    } else if (sign === "'" || sign === '"') quote = sign;
    else if ("([{".includes(sign)) depth += 1;
    else if (")]}".includes(sign)) depth -= 1;
    else if (depth <= 0 && /^(?:; |, \p{L}|\. \p{Lu}|\.$|,$|;$)/u.test(step.slice(at, at + 3))) return at;
  }
  return step.length;
}

function push(parts: TriagePart[], kind: TriagePart["kind"], text: string): void {
  const trimmed = kind === "prose" ? text.replace(/^[;,.]\s*/, "").trim() : text.trim();
  if (trimmed !== "") parts.push({ kind, text: trimmed });
}

function joinProse(parts: readonly TriagePart[]): TriagePart[] {
  const joined: TriagePart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === "prose" && last?.kind === "prose") last.text += ` ${part.text}`;
    else joined.push({ ...part });
  }
  return joined;
}
