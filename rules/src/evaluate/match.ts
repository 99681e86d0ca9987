import type { AtalayaEvent, WhyNode } from "@atalaya/wire";
import type { OperandTable } from "../compile/bound-operand.ts";
import type { Correlation, Match } from "../contract.ts";
import { EventView } from "../event-view.ts";
import { makeTemplate } from "../output/template.ts";
import { valueText } from "../output/value-text.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import { whyTree } from "./why.ts";

/**
 * A match with its evidence. `count` is what a `correlate:` window held. What is only asked for sometimes (the tree, an
 * alert's texts) is made from a view of its own, because the evaluator's has moved on by then.
 */
export function makeMatch(
  one: CompiledRule,
  event: AtalayaEvent,
  view: EventView,
  count: number | undefined,
  operands: OperandTable,
): Match {
  const { rule } = one;
  const later = (): EventView => {
    const own = new EventView();
    own.load(event);
    return own;
  };
  const outputFields = one.output.fields(view);
  if (count !== undefined) outputFields["correlate.count"] = count;
  return {
    rule,
    event,
    output: one.output.render(view),
    outputFields,
    foldKey: JSON.stringify([
      rule.name,
      ...one.fold.map((operand) => valueText(view.get(operand.slot), operand.shape)),
    ]),
    why: () => {
      const tree = whyTree(one.node, later());
      return rule.correlate === undefined ? tree : counted(tree, rule.correlate, count ?? 0);
    },
    render: (text) => makeTemplate(text, rule.source, operands).template.render(later()),
  };
}

function counted(tree: WhyNode, correlate: Correlation, count: number): WhyNode {
  const what = correlate.field === undefined ? correlate.type : `${correlate.type}(${correlate.field})`;
  const group = correlate.group_by.length === 0 ? "" : ` by ${correlate.group_by.join(", ")}`;
  const text = `${what} >= ${correlate.gte} within ${correlate.timespan_us / 1_000_000}s${group}`;
  const leaf: WhyNode = { kind: "count", text, result: true, value: String(count) };
  return { kind: "and", text: "correlate", result: tree.result, children: [tree, leaf] };
}
