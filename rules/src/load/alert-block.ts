import { type AttackTechnique, type Severity, severities, type Text } from "@atalaya/wire";
import type { AlertText, Correlation } from "../contract.ts";
import { ruleLimits } from "../limits.ts";
import type { YamlItem } from "./yaml-items.ts";

/** The `alert:` block; a text may be one for all languages, or `{ en, es }`. */
export function readAlert(item: YamlItem): AlertText | undefined {
  const block = item.item("alert");
  if (block === undefined) return undefined;
  const title = text(block, "title") ?? block.refuse("title", "is missing");
  const summary = text(block, "summary") ?? title;
  return {
    title,
    summary,
    description: text(block, "description") ?? summary,
    severity: severityOf(block),
    attack: (block.items("attack") ?? []).map(technique),
    triage: (block.items("triage") ?? []).map(languages),
    blind_spots: (block.items("blind_spots") ?? []).map(languages),
    fold: block.texts("fold") ?? [],
  };
}

function text(item: YamlItem, key: string): Text | undefined {
  if (!item.has(key)) return undefined;
  if (item.isMapping(key)) return languages(item.item(key) ?? item);
  const both = item.requiredText(key);
  return { en: both, es: both };
}

function languages(item: YamlItem): Text {
  const en = item.requiredText("en");
  return { en, es: item.text("es") ?? en };
}

function severityOf(item: YamlItem): Severity {
  const given = item.requiredText("severity").toLowerCase();
  const known = severities.find((severity) => severity === given);
  return known ?? item.refuse("severity", `is none of ${severities.join(", ")}`);
}

function technique(item: YamlItem): AttackTechnique {
  const id = item.requiredText("id");
  if (!/^T\d{4}(\.\d{3})?$/.test(id)) item.refuse("id", "is no ATT&CK technique such as T1059.004");
  return { id, name: item.requiredText("name"), tactic: item.requiredText("tactic") };
}

const spans: Readonly<Record<string, number>> = { ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000 };

/** The `correlate:` block. */
export function readCorrelation(item: YamlItem): Correlation | undefined {
  const block = item.item("correlate");
  if (block === undefined) return undefined;
  const type = block.requiredText("type");
  if (type !== "event_count" && type !== "value_count") {
    return block.refuse("type", "is neither event_count nor value_count");
  }
  const field = block.text("field");
  if (type === "value_count" && field === undefined) block.refuse("field", "is missing: value_count counts its values");
  const groups = block.texts("group-by") ?? [];
  if (groups.length > ruleLimits.correlateKeysMax) block.refuse("group-by", "has too many fields");
  const gte = Number(block.requiredText("gte"));
  if (!Number.isInteger(gte) || gte < 1 || gte > ruleLimits.correlateCountMax) {
    block.refuse("gte", `is not a number from 1 to ${ruleLimits.correlateCountMax}`);
  }
  return {
    type,
    field: type === "value_count" ? field : undefined,
    group_by: groups,
    timespan_us: timespan(block),
    gte,
  };
}

function timespan(block: YamlItem): number {
  const [, number = "", unit = ""] = /^(\d{1,9})(ms|s|m|h)$/.exec(block.requiredText("timespan")) ?? [];
  const span = Number(number) * (spans[unit] ?? 0);
  if (span > 0 && span <= ruleLimits.correlateSpanUsMax) return span;
  return block.refuse("timespan", "is not a time such as 30s, 5m or 1h (at most 24h)");
}
