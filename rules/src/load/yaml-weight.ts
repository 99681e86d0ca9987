import { Lexer } from "yaml";
import { ruleLimits } from "../limits.ts";

/** The lexer's own marks: document, flow error, scalar. They stand for nothing in the text. */
const marks = new Set(["\u0002", "\u0018", "\u001f"]);

/**
 * Why a text is too heavy to be parsed as YAML, and where that shows; undefined where it is not. The parser itself has
 * no bounds: 4 MB of "[" take it 20 s and 3.5 GiB. Its lexer reads on only as far as it is asked.
 */
export function tooHeavy(text: string): { offset: number; reason: string } | undefined {
  let [offset, parts, depth, aliases] = [0, 0, 0, 0];
  for (const part of new Lexer().lex(text)) {
    if (part === "[" || part === "{") depth++;
    else if (part === "]" || part === "}") depth = Math.max(0, depth - 1);
    else if (part.startsWith("*")) aliases++;
    if (depth > ruleLimits.yamlNestingMax) return { offset, reason: "the file is nested too deep" };
    if (aliases > ruleLimits.yamlAliasesMax) return { offset, reason: "the file has too many aliases" };
    if (++parts > ruleLimits.yamlPartsMax) return { offset, reason: "the file has too many parts" };
    if (!marks.has(part)) offset += part.length;
  }
  return undefined;
}
