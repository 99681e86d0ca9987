import type { ApiEvent, AtalayaEvent } from "@atalaya/wire";
import { eventTypesOf, kindOf, syscallKinds } from "../fields/event-kinds.ts";
import { mustBeNamed } from "../plan/call-kinds.ts";
import { ruleMeans } from "../plan/rule-plan.ts";
import type { CompiledRule } from "./compiled-rule.ts";
import { type Possible, possibleValues } from "./possible-values.ts";

const none: readonly CompiledRule[] = [];

/** Kinds of which the kernel sends a part: a rule that does not ask for them gets none of what others asked for. */
const namedOnly: ReadonlySet<string> = new Set(["file.open_failed", "process.exec_failed", "dns.query"]);

/**
 * Which rules can match an event at all: by kind of event for those of the sensor (`evt.type`), by stage, verb and
 * resource for audit records; news of sensors are few and meet all of theirs. Each keeps the order of definition. Looking up allocates nothing.
 */
export class RuleIndex {
  readonly #byKind = new Map<string, readonly CompiledRule[]>();
  readonly #audit: AuditIndex;
  readonly #sensor: readonly CompiledRule[];

  constructor(rules: readonly CompiledRule[]) {
    const syscall = rules.filter((one) => one.rule.source === "syscall");
    const types = syscall.map((one) => possibleValues(one.node, "evt.type"));
    for (const kind of syscallKinds) {
      const names = eventTypesOf(kind);
      const fitting = syscall.filter(
        (rule, i) =>
          (types[i] === undefined || names.some((name) => types[i]?.has(name))) &&
          (!(namedOnly.has(kind) || mustBeNamed(kind)) || ruleMeans(rule, kind)),
      );
      this.#byKind.set(kind, fitting);
    }
    this.#audit = new AuditIndex(rules.filter((one) => one.rule.source === "k8s_audit"));
    this.#sensor = rules.filter((one) => one.rule.source === "sensor");
  }

  candidates(event: AtalayaEvent): readonly CompiledRule[] {
    if (event.class === "sensor") return this.#sensor;
    if (event.class === "api") return this.#audit.candidates(event);
    const kind = kindOf(event);
    return kind === undefined ? none : (this.#byKind.get(kind) ?? none);
  }
}

type Keyed = { rule: CompiledRule; stages: Possible; verbs: Possible; resources: Possible };
type ByResource = Map<string, readonly CompiledRule[]>;

/** A value that no rule names: all such values have the same candidates, so hostile ones cannot fill the memory. */
const other = "\0other";

class AuditIndex {
  readonly #rules: readonly Keyed[];
  readonly #named = { stages: new Set<string>(), verbs: new Set<string>(), resources: new Set<string>() };
  readonly #found = new Map<string, Map<string, ByResource>>();

  constructor(rules: readonly CompiledRule[]) {
    this.#rules = rules.map((rule) => ({
      rule,
      stages: both(possibleValues(rule.node, "jevt.value[/stage]"), possibleValues(rule.node, "ka.stage")),
      verbs: possibleValues(rule.node, "ka.verb"),
      resources: possibleValues(rule.node, "ka.target.resource"),
    }));
    for (const key of ["stages", "verbs", "resources"] as const) {
      for (const one of this.#rules) for (const value of one[key] ?? []) this.#named[key].add(value);
    }
  }

  candidates(event: ApiEvent): readonly CompiledRule[] {
    const stage = this.#key("stages", event.stage);
    const verb = this.#key("verbs", event.verb);
    const resource = this.#key("resources", event.resource);
    return this.#found.get(stage)?.get(verb)?.get(resource) ?? this.#find(stage, verb, resource);
  }

  #key(column: "stages" | "verbs" | "resources", value: string | null): string {
    return value !== null && this.#named[column].has(value) ? value : other;
  }

  #find(stage: string, verb: string, resource: string): readonly CompiledRule[] {
    const fits = (possible: Possible, value: string) => possible === undefined || possible.has(value);
    const rules = this.#rules
      .filter((one) => fits(one.stages, stage) && fits(one.verbs, verb) && fits(one.resources, resource))
      .map((one) => one.rule);
    const byVerb = this.#found.get(stage) ?? new Map<string, ByResource>();
    const byResource: ByResource = byVerb.get(verb) ?? new Map();
    this.#found.set(stage, byVerb.set(verb, byResource.set(resource, rules)));
    return rules;
  }
}

function both(a: Possible, b: Possible): Possible {
  if (a === undefined || b === undefined) return a ?? b;
  return new Set([...a].filter((value) => b.has(value)));
}
