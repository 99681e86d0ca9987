import type { AttackTechnique, Priority, Severity } from "@atalaya/wire";

const severityByPriority: Record<Priority, Severity> = {
  Emergency: "critical",
  Alert: "critical",
  Critical: "high",
  Error: "high",
  Warning: "medium",
  Notice: "low",
  Informational: "informational",
  Debug: "informational",
};

/** How bad a rule without an `alert:` block is. */
export function severityOfPriority(priority: Priority): Severity {
  return severityByPriority[priority];
}

/** Falco's rules name techniques and tactics in their tags: `T1059`, `mitre_execution`. */
export function attackFromTags(tags: readonly string[]): AttackTechnique[] {
  const tactic = tags.find((tag) => tag.startsWith("mitre_"))?.slice("mitre_".length) ?? "";
  const words = tactic.split("_").filter((word) => word !== "");
  const name = words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join(" ");
  return tags.filter((tag) => /^T\d{4}(\.\d{3})?$/.test(tag)).map((id) => ({ id, name: id, tactic: name }));
}
