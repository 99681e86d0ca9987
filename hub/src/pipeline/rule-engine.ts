import { type Evaluator, loadRules, type Match, makeEvaluator, type Rule, type RuleSet } from "@atalaya/rules";
import type { AtalayaEvent, FilterPlan } from "@atalaya/wire";
import type { RulesLoaded, RulesMessage, Switches } from "./messages.ts";

/**
 * The rules in force in one evaluator thread. Workspaces have an evaluator each, because their windows and their
 * switches are their own; a reload hands the open windows on.
 */
export class RuleEngine {
  #set: RuleSet = loadRules([]);
  #off = new Map<string, ReadonlySet<string>>();
  #evaluators = new Map<string, Evaluator>();

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
  plan(): FilterPlan {
    const workspaces = [...this.#off.values()];
    const offEverywhere = (rule: Rule) => workspaces.length > 0 && workspaces.every((off) => off.has(rule.name));
    return this.#set.filterPlan((rule) => rule.enabled && !offEverywhere(rule));
  }

  evaluate(workspaceId: string, event: AtalayaEvent, scope: string): Match[] {
    let evaluator = this.#evaluators.get(workspaceId);
    if (evaluator === undefined) {
      evaluator = this.#make(workspaceId, undefined);
      this.#evaluators.set(workspaceId, evaluator);
    }
    return evaluator.evaluate(event, scope);
  }

  #make(workspaceId: string, previous: Evaluator | undefined): Evaluator {
    const off = this.#off.get(workspaceId);
    const enabled = (rule: Rule) => rule.enabled && !off?.has(rule.name);
    return makeEvaluator(this.#set, previous === undefined ? { enabled } : { enabled, previous });
  }
}
