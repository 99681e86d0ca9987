import { emptyFilterPlan, type FilterPlan } from "@atalaya/wire";
import type { CompiledRule } from "../evaluate/compiled-rule.ts";
import { syscallKinds } from "../fields/event-kinds.ts";
import { ruleLimits } from "../limits.ts";
import { callName, unixConnect } from "./call-kinds.ts";
import { planDomains } from "./domain-requirement.ts";
import { alwaysReported } from "./lets-through.ts";
import { type PlanList, planRule } from "./rule-plan.ts";

/** What the kernel must let through so that each of the rules can match. */
export function planRules(rules: readonly CompiledRule[]): FilterPlan {
  const plans = rules.map(planRule);
  const all = (list: PlanList): Set<string> => new Set(plans.flatMap((plan) => [...plan[list]]));
  const openNames = possibleNames(all("open_names"));
  const execNames = possibleNames(all("exec_names"));
  const socketNames = possibleNames(all("socket_names"));
  const suffixes = possibleNames(all("open_suffixes"));
  const changes = planChanges(all);
  // More than the kernel can hold: then it tests no names, and nothing is missed.
  const tooMany = isFull(openNames) || suffixes.length > ruleLimits.planSuffixesMax;
  const prefixes = coveringPrefixes(tooMany ? ["/"] : [...all("open_prefixes")]);
  const asked = new Set(plans.flatMap((plan) => [...plan.kinds]));
  const ofHost = new Set(plans.flatMap((plan) => [...plan.hostKinds]));
  return {
    ...emptyFilterPlan,
    open_names: tooMany ? [] : openNames,
    open_suffixes: tooMany ? [] : suffixes,
    open_prefixes: prefixes,
    write_prefixes: coveringPrefixes([...all("write_prefixes")]).filter((one) => !isBelowOneOf(one, prefixes)),
    exec_names: isFull(execNames) ? [] : execNames,
    dns_domains: planDomains(all("dns_domains")),
    refused_opens: tooMany || plans.some((plan) => plan.refusedOpens),
    refused_execs: isFull(execNames) || plans.some((plan) => plan.refusedExecs),
    connect_ports: planPorts(all("connect_ports")),
    send_ports: planPorts(all("send_ports")),
    calls: [...all("calls"), ...changes.calls, ...(isFull(socketNames) ? [callName(unixConnect)] : [])].sort(),
    listed_changes: changes.listed_changes,
    change_names: changes.change_names,
    change_suffixes: changes.change_suffixes,
    change_prefixes: changes.change_prefixes,
    socket_names: isFull(socketNames) ? [] : socketNames,
    containers_only: syscallKinds.filter((kind) => asked.has(kind) && !ofHost.has(kind)),
    unasked: syscallKinds.filter((kind) => !asked.has(kind) && !alwaysReported.has(kind)),
  };
}

type Changes = Pick<FilterPlan, "calls" | "listed_changes" | "change_names" | "change_suffixes" | "change_prefixes">;

/** Where the kernel cannot hold the lists, what they were asked for is asked for as a whole. */
function planChanges(all: (list: PlanList) => Set<string>): Changes {
  const names = possibleNames(all("change_names"));
  const suffixes = possibleNames(all("change_suffixes"));
  const listed = [...all("listed_changes")].filter((call) => !all("calls").has(call)).sort();
  const isTooMuch = names.length > ruleLimits.planChangeNamesMax || suffixes.length > ruleLimits.planSuffixesMax;
  if (isTooMuch)
    return { calls: listed, listed_changes: [], change_names: [], change_suffixes: [], change_prefixes: [] };
  const prefixes = coveringPrefixes([...all("change_prefixes")]);
  const lists = { change_names: names, change_suffixes: suffixes, change_prefixes: prefixes };
  return { calls: [], listed_changes: listed, ...lists };
}

const isFull = (names: readonly string[]): boolean => names.length > ruleLimits.planNamesMax;

const isBelowOneOf = (path: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => path.startsWith(prefix));

/** null: all of them. */
function planPorts(ports: ReadonlySet<string>): number[] | null {
  if (ports.has("*") || ports.size > ruleLimits.planPortsMax) return null;
  return [...ports].map(Number).sort((a, b) => a - b);
}

/** A longer name cannot exist, nor an empty one. */
function possibleNames(names: ReadonlySet<string>): string[] {
  return [...names].filter((name) => name !== "" && Buffer.byteLength(name) <= ruleLimits.planNameBytesMax).sort();
}

/** Few enough prefixes that cover all: the longest give way to the folder above until they fit. */
export function coveringPrefixes(given: readonly string[]): string[] {
  let prefixes = withoutCovered(given.map(cut));
  while (prefixes.length > ruleLimits.planPrefixesMax) {
    const longest = prefixes.reduce((a, b) =>
      depth(b) > depth(a) || (depth(b) === depth(a) && b.length > a.length) ? b : a,
    );
    const trimmed = longest.endsWith("/") ? longest.slice(0, -1) : longest;
    const shorter = trimmed.slice(0, trimmed.lastIndexOf("/") + 1);
    prefixes = withoutCovered([...prefixes.filter((one) => one !== longest), shorter === "" ? "/" : shorter]);
  }
  return prefixes.sort();
}

const depth = (path: string): number => path.split("/").length;

function withoutCovered(prefixes: readonly string[]): string[] {
  const unique = [...new Set(prefixes)];
  return unique.filter((one) => !unique.some((other) => other !== one && one.startsWith(other)));
}

/** At most as many bytes as the kernel compares, whole characters only; a path starts with a slash. */
function cut(prefix: string): string {
  if (prefix === "") return "/";
  let out = prefix;
  while (Buffer.byteLength(out) > ruleLimits.planPrefixBytesMax) out = out.slice(0, -1);
  return out;
}
