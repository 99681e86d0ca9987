import {
  type CountingEvaluator,
  type LogEntry,
  loadRules,
  type Match,
  makeEvaluator,
  type Rule,
  type RuleSet,
  type WindowRow,
} from "@atalaya/rules";
import type { AtalayaEvent, ExplainedPlan } from "@atalaya/wire";
import type { RulesLoaded, RulesMessage, Switches } from "./messages.ts";

/**
 * The rules in force in one evaluator thread. Workspaces have an evaluator each, because their windows and their
 * switches are their own; a reload hands the open windows on.
 */
export class RuleEngine {
  #set: RuleSet = loadRules([]);
  #off = new Map<string, ReadonlySet<string>>();
  #evaluators = new Map<string, CountingEvaluator>();
  /** Windows of an earlier run, by workspace, until there are rules to put them into. */
  readonly #stored: Map<string, WindowRow[]>;
  readonly #said: (what: string) => void;

  /** `said` is told, one line each, of windows that ended because their rule was changed or switched off. */
  constructor(stored: ReadonlyMap<string, WindowRow[]>, said: (what: string) => void) {
    this.#stored = new Map(stored);
    this.#said = said;
  }

  /** Loads the files; where one has a problem and its last good text is known, that one stays in force. */
  load(message: RulesMessage): RulesLoaded {
    const lastGood = new Map(message.lastGood);
    const loaded = loadRules(message.files);
    const broken = new Set(loaded.problems.map((problem) => problem.file));
    const heldBack = message.files
      .filter((file) => broken.has(file.path) && (lastGood.get(file.path) ?? file.text) !== file.text)
      .map((file) => file.path);
    const files = message.files.map((file) =>
      heldBack.includes(file.path) ? { ...file, text: lastGood.get(file.path) ?? file.text } : file,
    );
    this.#set = heldBack.length === 0 ? loaded : loadRules(files);
    this.switch(message.switches);
    for (const workspaceId of [...this.#stored.keys()]) this.#evaluator(workspaceId);
    return {
      type: "rules",
      generation: message.generation,
      rules: [...this.#set.rules],
      problems: [...loaded.problems],
      plan: this.plan(),
      heldBack,
    };
  }

  switch(switches: Switches): void {
    this.#off = new Map(switches.map(([workspaceId, rules]) => [workspaceId, new Set(rules)]));
    for (const [workspaceId, previous] of this.#evaluators) {
      this.#evaluators.set(workspaceId, this.#make(workspaceId, previous));
    }
  }

  /** What the kernel must let through: for the rules that any workspace has switched on. */
  plan(): ExplainedPlan {
    const workspaces = [...this.#off.values()];
    const offEverywhere = (rule: Rule) => workspaces.length > 0 && workspaces.every((off) => off.has(rule.name));
    return this.#set.explainPlan((rule) => rule.enabled && !offEverywhere(rule));
  }

  evaluate(workspaceId: string, event: AtalayaEvent, scope: string): Match[] {
    return this.#evaluator(workspaceId).evaluate(event, scope);
  }

  #evaluator(workspaceId: string): CountingEvaluator {
    const known = this.#evaluators.get(workspaceId);
    if (known !== undefined) return known;
    const made = this.#make(workspaceId, undefined);
    this.#evaluators.set(workspaceId, made);
    const stored = this.#stored.get(workspaceId) ?? [];
    this.#stored.delete(workspaceId);
    this.#tell(made.restoreWindows(stored, Date.now() * 1_000));
    return made;
  }

  /** What a batch of this workspace changed in its windows. */
  takeWindowLog(workspaceId: string): LogEntry | undefined {
    return this.#evaluators.get(workspaceId)?.takeWindowLog(Date.now() * 1_000);
  }

  #make(workspaceId: string, previous: CountingEvaluator | undefined): CountingEvaluator {
    const off = this.#off.get(workspaceId);
    const enabled = (rule: Rule) => rule.enabled && !off?.has(rule.name);
    const made = makeEvaluator(this.#set, {
      enabled,
      journaled: true,
      ...(previous === undefined ? {} : { previous }),
    });
    this.#tell(made.droppedWindows);
    return made;
  }

  #tell(dropped: ReadonlyMap<string, number>): void {
    for (const [identity, n] of dropped) {
      const rule = identity.slice(0, identity.lastIndexOf("#"));
      this.#said(`${n} open windows of the rule “${rule}” ended: it was changed, switched off or removed.`);
    }
  }
}
