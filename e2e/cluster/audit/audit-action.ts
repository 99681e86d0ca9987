import type { Scene } from "./scene.ts";

/** Something that somebody does to a cluster: what a control-plane rule is about, or its harmless twin. */
export type AuditAction = {
  /** The rule that fires, or that its twin leaves quiet. */
  rule: string;
  /** `fires-…` or `quiet-…`: the sample's file. */
  name: string;
  /** For people who read the sample. */
  command: string;
  /** Objects that are there before. */
  prepare?(scene: Scene): Promise<unknown>;
  act(scene: Scene): Promise<unknown>;
  /** Resources that the action is about; its records are those of them in the scene. */
  resources: readonly string[];
  /** How many records it leaves. */
  count?: number;
};
