import {
  askedLabels,
  blocksSomewhere,
  type DriftPolicy,
  driftPolicySchema,
  noRecording,
  type RecorderPolicy,
  recorderPolicySchema,
} from "@atalaya/wire";
import { recorderSetting } from "../recorder/recorder-records.ts";
import type { DesiredStates } from "../state/desired-states.ts";
import type { LabelKeys, PodLabelTable } from "../state/pod-labels.ts";
import { Turns } from "./turns.ts";

/** Those that a workspace has, or that are to come. */
export type Policies = { drift?: DriftPolicy; recorder?: RecorderPolicy };

const driftSetting = "drift_policy";

export type PoliciesInForceOptions = {
  podLabels: Pick<PodLabelTable, "ask" | "read">;
  states: Pick<DesiredStates, "driftChanged" | "recorded">;
  /** Reaches the evaluators before the events that come after it. */
  evaluate(workspaceId: string, policy: DriftPolicy): void;
  save(workspaceId: string, name: string, value: string): Promise<void>;
};

/**
 * The policies of workspaces that ask for labels of pods. A policy comes into force when it was stored and the labels that it asks
 * for are known; a workspace's policies come one after another, in the order in which they are stored.
 */
export class PoliciesInForce {
  readonly #options: PoliciesInForceOptions;
  readonly #inForce = new Map<string, Policies>();
  readonly #turns = new Turns();

  constructor(options: PoliciesInForceOptions) {
    this.#options = options;
  }

  /** What was stored, at the hub's start. */
  start(workspaceId: string, settings: ReadonlyMap<string, string>): void {
    const [drift, recorder] = [settings.get(driftSetting), settings.get(recorderSetting)];
    if (recorder !== undefined)
      this.#force(workspaceId, { recorder: recorderPolicySchema.parse(JSON.parse(recorder)) });
    if (drift !== undefined) this.#force(workspaceId, { drift: driftPolicySchema.parse(JSON.parse(drift)) });
  }

  drift(workspaceId: string): DriftPolicy {
    return this.#inForce.get(workspaceId)?.drift ?? { rules: [] };
  }

  recorder(workspaceId: string): RecorderPolicy {
    return this.#inForce.get(workspaceId)?.recorder ?? noRecording;
  }

  /**
   * Puts what is given in force, in place of what was. Throws a Fault, and changes nothing, when the labels cannot be read or the
   * store fails, and where `allow` throws, when its turn has come, by what is in force then.
   */
  async put(workspaceId: string, coming: Policies, allow: () => void = () => undefined): Promise<void> {
    await this.#turns.take(workspaceId, () => {
      allow();
      return this.#put(workspaceId, coming);
    });
  }

  async #put(workspaceId: string, coming: Policies): Promise<void> {
    const { drift, recorder } = coming;
    this.#ask(workspaceId, coming);
    try {
      await this.#options.podLabels.read(workspaceId, keysOf([coming]));
      if (drift !== undefined) await this.#options.save(workspaceId, driftSetting, JSON.stringify(drift));
      if (recorder !== undefined) await this.#options.save(workspaceId, recorderSetting, JSON.stringify(recorder));
    } catch (error) {
      this.#ask(workspaceId);
      throw error;
    }
    this.#force(workspaceId, coming);
  }

  #force(workspaceId: string, coming: Policies): void {
    this.#inForce.set(workspaceId, { ...this.#inForce.get(workspaceId), ...coming });
    this.#ask(workspaceId);
    const { drift, recorder } = coming;
    if (recorder !== undefined) this.#options.states.recorded(workspaceId, recorder);
    if (drift === undefined) return;
    this.#options.states.driftChanged(workspaceId, drift);
    this.#options.evaluate(workspaceId, drift);
  }

  /** What is to come asks beside what is in force: else nodes would not know the labels for a moment. */
  #ask(workspaceId: string, coming: Policies = {}): void {
    this.#options.podLabels.ask(workspaceId, keysOf([this.#inForce.get(workspaceId) ?? {}, coming]));
  }
}

function keysOf(all: readonly Policies[]): LabelKeys {
  const rules = all.flatMap(({ drift }) => drift?.rules ?? []);
  const onNodes = all.flatMap(({ drift, recorder = noRecording }) => [
    ...recorder.scopes,
    ...(drift !== undefined && blocksSomewhere(drift) ? drift.rules : []),
  ]);
  return { node: askedLabels(onNodes), hub: askedLabels(rules) };
}
