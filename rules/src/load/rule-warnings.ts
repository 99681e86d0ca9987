import { childrenOf, type Node } from "../compile/resolve.ts";
import type { RuleProblem } from "../contract.ts";
import type { CompiledRule } from "../evaluate/compiled-rule.ts";
import { possibleValues } from "../evaluate/possible-values.ts";
import { eventTypesOf, syscallKinds } from "../fields/event-kinds.ts";
import { comparedDomains } from "../plan/name-requirement.ts";
import { planRule } from "../plan/rule-plan.ts";

const made = new Set(syscallKinds.flatMap((kind) => eventTypesOf(kind)));

/** What a rule asks for and cannot get in this version: it loads, and its author should know. */
export function ruleWarnings(one: CompiledRule): RuleProblem[] {
  const { rule, node } = one;
  const place = { file: rule.file, line: rule.line, column: 1 };
  const say = (reason: string): RuleProblem => ({ ...place, reason: `rule ${JSON.stringify(rule.name)}: ${reason}` });
  const out: RuleProblem[] = [];
  if (rule.source !== "syscall") return out;
  const absent = [...absentFields(node)].sort();
  if (absent.length > 0) out.push(say(`no event carries ${absent.join(", ")} yet; comparisons with it are false`));
  const types = possibleValues(node, "evt.type");
  if (types !== undefined && ![...types].some((type) => made.has(type))) {
    out.push(say(`the sensor makes no events of type ${[...types].sort().join(", ")}; the rule cannot match`));
    return out;
  }
  const { domains, widest } = comparedDomains(node);
  if (domains.size > 0 && widest === undefined) out.push(say(cnamesUnseen([...domains].sort())));
  for (const { asks, because } of planRule(one).widened) {
    // Few calls are of these kinds; of opens there are thousands a second.
    if (asks.includes("open")) out.push(say(`it asks the kernel for ${asks}: ${because}`));
  }
  return out;
}

/** The kernel sees of a question the name that was asked for, and lets its answer through by that. */
function cnamesUnseen(domains: readonly string[]): string {
  const named = domains.map((one) => JSON.stringify(one)).join(", ");
  return (
    `an address is known by ${named} where that name, or one below it, was looked up; not where another name led to it ` +
    "(CNAME): compare with contains to ask for every answer"
  );
}

function absentFields(node: Node, found = new Set<string>(), seen = new Set<Node>()): Set<string> {
  if (seen.has(node)) return found;
  seen.add(node);
  if (node.kind === "check") {
    if (node.left.classes?.length === 0) found.add(node.left.field);
  } else for (const child of childrenOf(node)) absentFields(child, found, seen);
  return found;
}
