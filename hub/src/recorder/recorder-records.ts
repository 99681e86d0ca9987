import { noRecording, recorderPolicySchema } from "@atalaya/wire";
import type { HubParts } from "../core/hub-parts.ts";
import type { RecorderStore } from "./recorder-store.ts";

export const recorderSetting = "recorder_policy";

/** The flight recorder over the store's threads. */
export function recorderRecords(parts: HubParts): RecorderStore {
  return {
    async policy(workspaceId) {
      const stored = parts.workspace(workspaceId).settings.get(recorderSetting);
      return stored === undefined ? noRecording : recorderPolicySchema.parse(JSON.parse(stored));
    },
    async putPolicy(workspaceId, policy) {
      const value = JSON.stringify(policy);
      await parts.writer.write("putSetting", { workspaceId, name: recorderSetting, value });
      parts.workspace(workspaceId).settings.set(recorderSetting, value);
      await parts.prepareLabels(workspaceId, { recorder: policy });
      parts.recorderChanged(workspaceId, policy);
    },
    pulls: (of) => parts.pulls.take(of),
    open: (of, alertId) => parts.pulls.find(of, alertId),
    async answer(of, alertId, answer) {
      parts.room.require();
      await parts.writer.write("answerRecording", { workspaceId: of.workspaceId, alertId, ...answer });
      parts.pulls.done(of, alertId);
    },
    page: (workspaceId, alertId) => parts.readers.ask("recording", { workspaceId, alertId }),
  };
}
