import type { DesiredState, FilterPlan, LabelsOfPods, RecorderPolicy } from "@atalaya/wire";

/** The part of a desired state that the sensor's thread puts in force. */
export type StateInForce = {
  version: number;
  workspace: string;
  filters: FilterPlan;
  recorder?: RecorderPolicy;
  drift?: DesiredState["drift"];
  podLabels?: LabelsOfPods;
};
