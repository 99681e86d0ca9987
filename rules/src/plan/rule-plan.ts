import type { CompiledRule } from "../evaluate/compiled-rule.ts";
import { syscallKinds } from "../fields/event-kinds.ts";
import {
  additionsOf,
  callName,
  connectFailed,
  dnsAnswer,
  isCall,
  mustBeNamed,
  speaksOf,
  unixConnect,
} from "./call-kinds.ts";
import { isChange } from "./change-requirement.ts";
import { asksForErrors, asksForResults, type Kind, requirementOf } from "./condition-requirement.ts";
import { asksForQuestions } from "./domain-requirement.ts";
import { canBeContainersOnly, canBeHosts } from "./host-events.ts";
import { comparedDomains } from "./name-requirement.ts";
import { type Alternative, isOpen, type Requirement } from "./requirement.ts";
import { whyAll } from "./why-all.ts";

/** The lists of a plan that a rule's values go to. */
export const planLists = [
  "open_names",
  "open_suffixes",
  "open_prefixes",
  "write_prefixes",
  "exec_names",
  "dns_domains",
  "connect_ports",
  "send_ports",
  "calls",
  "listed_changes",
  "change_names",
  "change_suffixes",
  "change_prefixes",
  "socket_names",
] as const;
export type PlanList = (typeof planLists)[number];

/** What one rule asks of the kernel. */
export type RulePlan = Record<PlanList, Set<string>> & {
  /** The kinds of events that it can match at all. */
  kinds: Set<Kind>;
  /** Those of which what the host does can match as well, or which the kernel does not tell apart. */
  hostKinds: Set<Kind>;
  refusedOpens: boolean;
  refusedExecs: boolean;
  /** What it asks for as a whole, because the kernel cannot test what it says. */
  widened: { asks: string; because: string }[];
};

/** The same rule is planned at every switch of every workspace. */
const planned = new WeakMap<CompiledRule, RulePlan>();

export function planRule(rule: CompiledRule): RulePlan {
  const known = planned.get(rule);
  if (known !== undefined) return known;
  const plan: RulePlan = {
    open_names: new Set(),
    open_suffixes: new Set(),
    open_prefixes: new Set(),
    write_prefixes: new Set(),
    exec_names: new Set(),
    dns_domains: new Set(),
    connect_ports: new Set(),
    send_ports: new Set(),
    calls: new Set(),
    listed_changes: new Set(),
    change_names: new Set(),
    change_suffixes: new Set(),
    change_prefixes: new Set(),
    socket_names: new Set(),
    kinds: new Set(),
    hostKinds: new Set(),
    refusedOpens: false,
    refusedExecs: false,
    widened: [],
  };
  for (const kind of syscallKinds) addKind(plan, rule, kind);
  addAll(plan.calls, additionsOf(rule.node));
  addNames(plan, rule);
  planned.set(rule, plan);
  return plan;
}

function addKind(plan: RulePlan, { node }: CompiledRule, kind: Kind): void {
  const requirement = requirementOf(node, kind);
  if (
    !isMeant(
      kind,
      requirement,
      () => asksForResults(node),
      () => asksForQuestions(node),
      () => speaksOf(node, kind),
      () => asksForErrors(node, kind),
    )
  )
    return;
  plan.kinds.add(kind);
  if (!canBeContainersOnly(kind) || canBeHosts(node, kind)) plan.hostKinds.add(kind);
  const widen = (asks: string): void => {
    if (plan.widened.some((one) => one.asks === asks)) return;
    plan.widened.push({ asks, because: whyAll(node, kind) });
  };
  if (isCall(kind)) addCall(plan, kind, requirement, () => widen("connections to every socket that is a file"));
  for (const one of requirement) {
    if (isChange(kind)) addChange(plan, callName(kind), one, widen);
    else if (kind === "file.open") addOpen(plan, one, widen);
    else if (kind === "file.open_failed") addRefusedOpen(plan, one, widen);
    else if (kind === "process.exec_failed") addRefusedExec(plan, one, widen);
    else if (kind === "dns.query" || kind === dnsAnswer) addDomains(plan, one, widen);
    else if (kind === "network.connect") addPorts(plan.connect_ports, one, () => widen("connections to every port"));
    else if (kind === "network.send") addPorts(plan.send_ports, one, () => widen("datagrams to every port"));
  }
}

/**
 * Whether a rule that can match events of a kind means them. One that takes any event of a container, or any start of a
 * program, rarely means questions to name servers, calls on sockets and calls that were refused: it has to name them, or speak of
 * results.
 */
function isMeant(
  kind: Kind,
  requirement: Requirement,
  results: () => boolean,
  questions: () => boolean,
  calls: () => boolean,
  errors: () => boolean,
): boolean {
  if (requirement.length === 0) return false;
  if (kind === "dns.query") return questions();
  if (kind === connectFailed) return calls() && errors();
  if (mustBeNamed(kind)) return calls();
  if (kind === "process.exec_failed") return requirement.some((one) => one.names !== undefined) || results();
  if (kind === "file.open_failed") {
    return requirement.some((one) => one.names !== undefined || one.suffixes !== undefined) || results();
  }
  return true;
}

/** Whether the rule is asked about events of the kind: the evaluator and the kernel must agree. */
export const ruleMeans = (rule: CompiledRule, kind: Kind): boolean => planRule(rule).kinds.has(kind);

function addAll(to: Set<string>, values: Iterable<string>): void {
  for (const value of values) to.add(value);
}

function addOpen(plan: RulePlan, one: Alternative, widen: (asks: string) => void): void {
  const { names, components, suffixes, prefixes, write } = one;
  if (names !== undefined) addAll(plan.open_names, names);
  else if (write && prefixes !== undefined) addAll(plan.write_prefixes, prefixes);
  else if (components !== undefined) addAll(plan.open_names, components);
  else if (suffixes !== undefined) addAll(plan.open_suffixes, suffixes);
  else if (prefixes !== undefined) addAll(plan.open_prefixes, prefixes);
  else {
    (write ? plan.write_prefixes : plan.open_prefixes).add("/");
    widen(write ? "every open for writing" : "every open");
  }
}

/** Of a refused open only what the caller wrote is known: the kernel picks it by its last name alone. */
function addRefusedOpen(plan: RulePlan, { names, suffixes }: Alternative, widen: (asks: string) => void): void {
  if (names !== undefined) addAll(plan.open_names, names);
  else if (suffixes !== undefined) addAll(plan.open_suffixes, suffixes);
  else {
    plan.refusedOpens = true;
    widen("every refused open");
  }
}

function addRefusedExec(plan: RulePlan, { names }: Alternative, widen: (asks: string) => void): void {
  if (names !== undefined) addAll(plan.exec_names, names);
  else {
    plan.refusedExecs = true;
    widen("every refused start of a program");
  }
}

function addDomains(plan: RulePlan, one: Alternative, widen: (asks: string) => void): void {
  addAll(plan.dns_domains, one.components ?? ["."]);
  if (one.components === undefined) widen("every question to a name server");
}

/** Where it speaks of what addresses are called: the answers about the names that it compares. */
function addNames(plan: RulePlan, { node }: CompiledRule): void {
  const { domains, widest } = comparedDomains(node);
  if (domains.size === 0) return;
  addAll(plan.dns_domains, domains);
  plan.calls.add(callName(dnsAnswer));
  if (widest !== undefined)
    plan.widened.push({ asks: "every answer of a name server", because: `\`${widest}\` names no domain` });
}

/** Sockets that are files are many (a data base on the same machine): where all alternatives name theirs, those alone. */
function addCall(plan: RulePlan, kind: Kind, requirement: Requirement, widen: () => void): void {
  if (kind === unixConnect && requirement.every((one) => one.names !== undefined)) {
    for (const { names } of requirement) addAll(plan.socket_names, names ?? []);
    return;
  }
  plan.calls.add(callName(kind));
  if (kind === unixConnect) widen();
}

/** One list is enough of what all must hold: the sharpest. */
function addChange(plan: RulePlan, call: string, one: Alternative, widen: (asks: string) => void): void {
  const { components, suffixes, prefixes, write } = one;
  if (components === undefined && suffixes === undefined && prefixes === undefined) {
    plan.calls.add(write ? "chmod_setid" : call);
    if (!write) widen(`every ${call}`);
    return;
  }
  plan.listed_changes.add(call);
  if (components !== undefined) addAll(plan.change_names, components);
  else if (suffixes !== undefined) addAll(plan.change_suffixes, suffixes);
  else addAll(plan.change_prefixes, prefixes ?? []);
}

function addPorts(to: Set<string>, one: Alternative, widen: () => void): void {
  addAll(to, one.ports ?? ["*"]);
  if (isOpen(one)) widen();
}
