// fnmatch(3) with no flags, as Falco calls it: `*` and `?` also match a slash, a leading dot is nothing special.

type Step =
  | { kind: "star" }
  | { kind: "any" }
  | { kind: "char"; char: string }
  | { kind: "set"; has: (char: string) => boolean };

/** A matcher for one pattern: no backtracking beyond the last star, so time is bounded by text times pattern. */
export function globMatcher(pattern: string): (text: string) => boolean {
  const steps = compile(pattern);
  return (text) => {
    let at = 0;
    let step = 0;
    let starStep = -1;
    let starAt = 0;
    while (at < text.length) {
      const now = steps[step];
      if (now?.kind === "star") {
        starStep = step++;
        starAt = at;
      } else if (now !== undefined && fits(now, text[at] ?? "")) {
        at += 1;
        step += 1;
      } else if (starStep >= 0) {
        step = starStep + 1;
        at = ++starAt;
      } else return false;
    }
    while (steps[step]?.kind === "star") step += 1;
    return step === steps.length;
  };
}

function fits(step: Step, char: string): boolean {
  if (step.kind === "any") return true;
  return step.kind === "char" ? step.char === char : step.kind === "set" && step.has(char);
}

function compile(pattern: string): Step[] {
  const out: Step[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? "";
    if (char === "*") {
      if (out.at(-1)?.kind !== "star") out.push({ kind: "star" });
    } else if (char === "?") out.push({ kind: "any" });
    else if (char === "[") {
      const set = bracket(pattern, at);
      if (set === undefined) out.push({ kind: "char", char });
      else {
        out.push({ kind: "set", has: set.has });
        at = set.end;
      }
    } else if (char === "\\" && at + 1 < pattern.length) out.push({ kind: "char", char: pattern[++at] ?? "" });
    else out.push({ kind: "char", char });
  }
  return out;
}

const classes: Readonly<Record<string, RegExp>> = {
  alpha: /[A-Za-z]/,
  digit: /\d/,
  alnum: /[A-Za-z0-9]/,
  upper: /[A-Z]/,
  lower: /[a-z]/,
  space: /\s/,
  xdigit: /[0-9A-Fa-f]/,
  punct: /[!-/:-@[-`{-~]/,
};

/** `[a-z]`, `[!0-9]`, `[[:alpha:]_]`; undefined when the bracket is never closed: then it is a plain character. */
function bracket(pattern: string, start: number): { has: (char: string) => boolean; end: number } | undefined {
  let at = start + 1;
  const negated = pattern[at] === "!" || pattern[at] === "^";
  if (negated) at += 1;
  const tests: ((char: string) => boolean)[] = [];
  for (let first = true; at < pattern.length; first = false) {
    const char = pattern[at] ?? "";
    if (char === "]" && !first) return { has: (one) => tests.some((test) => test(one)) !== negated, end: at };
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at, at + 12));
    const known = named?.[1] === undefined ? undefined : classes[named[1]];
    if (named !== null && known !== undefined) {
      tests.push((one) => known.test(one));
      at += named[0].length;
    } else if (pattern[at + 1] === "-" && pattern[at + 2] !== "]" && at + 2 < pattern.length) {
      const last = pattern[at + 2] ?? "";
      tests.push((one) => one >= char && one <= last);
      at += 3;
    } else {
      tests.push((one) => one === char);
      at += 1;
    }
  }
  return undefined;
}
