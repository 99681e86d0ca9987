import type { ExplainedPlan, Sensor } from "@atalaya/wire";
import { printableText } from "./printable-text.ts";

// The plan of what the kernel sends, for people: each entry with the rules that ask for it.

const headings: readonly [list: string, heading: string][] = [
  ["event_types", "Events that some rule can match"],
  ["open_names", "Opens, also refused ones, of a file or folder named"],
  ["open_suffixes", "Opens, also refused ones, of a file whose name ends with"],
  ["open_prefixes", "Opens of files whose path starts with"],
  ["write_prefixes", "Opens for writing of files whose path starts with"],
  ["refused_opens", "Refused opens"],
  ["exec_names", "Refused starts of a program named"],
  ["refused_execs", "Refused starts of programs"],
  ["connect_ports", "Connections to port"],
  ["send_ports", "Datagrams to port"],
  ["calls", "Calls"],
  ["listed_changes", "Changes of names and modes, of what the next three say"],
  ["change_names", "Changes of a file or folder named"],
  ["change_suffixes", "Changes of a file or folder whose name ends with"],
  ["change_prefixes", "Changes of paths that start with"],
  ["socket_names", "Connections to a socket that is a file named"],
  ["dns_domains", "Questions to name servers for, and below"],
];

export type NodeInForce = { cluster: string; node: string; state: Sensor["state"]; version: number | null };

/** Which plan each node says that it has; null where it has not reported. */
export function nodesInForce(sensors: readonly Sensor[]): NodeInForce[] {
  return sensors.map(({ cluster, node, state, report }) => {
    return { cluster, node, state, version: report?.filters_version ?? null };
  });
}

/** How far the plan of that version has come. */
export function nodeLines(version: number, nodes: readonly NodeInForce[]): string[] {
  if (nodes.length === 0) return [`Plan ${version} is in force on no node: none has reported.`];
  const lines = nodes.map((one) => {
    const has =
      one.version === null
        ? "has not reported"
        : one.version === version
          ? "in force"
          : `has plan ${one.version} still`;
    return printableText(`  ${one.cluster}/${one.node}  ${has}${one.state === "silent" ? ", and is silent" : ""}`);
  });
  return [`Plan ${version}, by node:`, ...lines];
}

const noRule = "the sensor itself, to tell whose the others are";

/** Falco's own lists are long: a rule is named once an entry, by its name and where it stands. */
export function planLines({ plan, entries, widened }: ExplainedPlan): string[] {
  const lines: string[] = [];
  for (const [list, heading] of headings) {
    const some = entries.filter((one) => one.list === list);
    if (some.length === 0) continue;
    const width = Math.min(40, Math.max(...some.map((one) => one.value.length)));
    lines.push(`${heading}:`);
    for (const { value, rules } of some) {
      const by = rules.map((one) => `${one.rule} (${one.file}:${one.line})`).join(", ") || noRule;
      lines.push(printableText(`  ${value.padEnd(width)}  ${by}`.trimEnd()));
    }
    lines.push("");
  }
  if (widened.length > 0) lines.push("Asked for as a whole:");
  for (const { rule, file, line, asks, because } of widened)
    lines.push(printableText(`  ${rule} (${file}:${line}) asks for ${asks}, because ${because}`));
  if (widened.length > 0) lines.push("");
  lines.push(`Of containers only: ${plan.containers_only.length === 0 ? "nothing" : plan.containers_only.join(", ")}`);
  lines.push(`Nobody asks for: ${plan.unasked.length === 0 ? "nothing" : plan.unasked.join(", ")}`);
  return lines;
}
