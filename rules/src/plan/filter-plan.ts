import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import type { CompiledRule } from "../evaluate/compiled-rule.ts";

export function planRules(_rules: readonly CompiledRule[]): FilterPlan {
  return { ...emptyFilterPlan };
}
export function unplannedOpens(_one: CompiledRule): string | undefined {
  return undefined;
}
