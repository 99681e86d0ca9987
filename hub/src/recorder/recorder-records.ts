import type { HubParts } from "../core/hub-parts.ts";
import { requireVersion } from "../core/setting-version.ts";
import type { RecorderStore } from "./recorder-store.ts";

export const recorderSetting = "recorder_policy";

/** The flight recorder over the store's threads. */
export function recorderRecords(parts: HubParts): RecorderStore {
  return {
    async policy(workspaceId) {
      return parts.policies.recorder(workspaceId);
    },
    async putPolicy(workspaceId, policy, ifVersions) {
      const { policies } = parts;
      await policies.put(workspaceId, { recorder: policy }, () =>
        requireVersion(policies.recorder(workspaceId), ifVersions),
      );
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
