import { RE2JS } from "@bufbuild/re2";
import { ruleLimits } from "../limits.ts";

/**
 * A whole-text matcher with RE2's semantics: time linear in the text, whatever the expression. Gives a sentence when
 * the expression is not one.
 */
export function regexMatcher(pattern: string): ((text: string) => boolean) | string {
  if (pattern.length > ruleLimits.regexCharsMax) return "the regular expression is too long";
  try {
    const compiled = RE2JS.compile(pattern);
    const { prog } = compiled.re2();
    if (prog.numInst() > ruleLimits.regexInstructionsMax) return "the regular expression repeats too much";
    return (text) => compiled.testExact(text);
  } catch (error) {
    return `not a regular expression of RE2: ${error instanceof Error ? error.message : "refused"}`;
  }
}
