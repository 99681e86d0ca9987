import type { PlantedSecrets } from "../victim/secrets.ts";
import type { VictimRoot } from "../victim/victim-root.ts";

export const scenarioNames = ["recon", "lateral-mov", "secrets", "crypto", "webshell", "ti-domain"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** What a step left behind: its exit status, what it printed, and a look at the files that the victim wrote. */
export type StepOutcome = {
  status: number;
  output: string;
  secrets: PlantedSecrets;
  /** Whether the victim's writable layer holds this path. */
  wrote: (path: string) => boolean;
};

/** One order that the attacker gives through the web shell. */
export type Step = {
  name: string;
  /** The script that runs in the victim's shell. */
  script: string;
  /** The order is one plain command, not a script in base64: the outcome's status is unknown, 0 then. */
  plain?: boolean;
  /** Undefined when the step had its effect, else what is missing. */
  missing: (outcome: StepOutcome) => string | undefined;
  onCluster: ClusterProof;
};

/**
 * What shows the effect where nobody looks into the victim: the attacker's pod judges by it, so that no stolen value
 * leaves the pod or stands in its log.
 */
export type ClusterProof = {
  /** The script, where a cluster needs another one. */
  script?: string;
  /** The exit statuses that count as done; any when absent. */
  statuses?: readonly number[];
  /** An extended regular expression (grep -E) of which the output must hold a line. */
  prints?: string;
};

/** An alert that must come because a step took effect. */
export type Expectation = {
  /** The alert's name as Microsoft publishes it. */
  alert: string;
  /** The rules whose alert counts as this one. */
  rules: string[];
  /** The steps that raise it, each on its own; the scenario's first when absent: all go through the web shell. */
  steps?: string[];
  /** Why a run in local containers cannot show it. */
  beyondLocal?: "needs_cluster";
};

export type Scenario = { name: ScenarioName; steps: Step[]; expectations: Expectation[] };

/** What the scripts may use: bash, curl and nmap, or only busybox. */
export type VictimKind = VictimRoot["kind"];
