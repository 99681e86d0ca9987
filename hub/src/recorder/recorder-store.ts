import type { RecorderPolicy, RecorderPull, RecordingPage } from "@atalaya/wire";
import type { NodeKey } from "../ledger/node-account.ts";

/** What came with a pull's answer; `frames` packed with zstd. */
export type RecordedAnswer = { frames: Uint8Array; keptFromUs: number; isCut: boolean; damaged: number };

/** The flight recorder as the API knows it: who is recorded, what alerts ask of nodes, and what came. */
export type RecorderStore = {
  /** Without scopes where nobody set one. */
  policy(workspaceId: string): Promise<RecorderPolicy>;
  /** `ifVersions`: only in place of one of these (settingVersion), else it throws CHANGED_SINCE. */
  putPolicy(workspaceId: string, policy: RecorderPolicy, ifVersions?: readonly string[]): Promise<void>;
  /** What a node should answer now. */
  pulls(of: NodeKey): RecorderPull[];
  /** The pull that the node was asked for this alert, as long as it is not answered. */
  open(of: NodeKey, alertId: string): RecorderPull | undefined;
  /** Keeps the answer; resolves when it is on disk. */
  answer(of: NodeKey, alertId: string, answer: RecordedAnswer): Promise<void>;
  /** Undefined where there is no such alert, or its container is not recorded. */
  page(workspaceId: string, alertId: string): Promise<RecordingPage | undefined>;
};
