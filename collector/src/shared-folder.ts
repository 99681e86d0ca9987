import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { Fault } from "@atalaya/wire";

/** What a sensor makes in the folders that it shares. Whatever else lies there is somebody else's. */
const ours = /^(spool|identity|collector|collector\.sock(\.lock)?)$/;

export function isSensorsOwn(name: string): boolean {
  return ours.test(name);
}

/**
 * Makes a folder that the publisher, which is not root, can write to as well: owned by `group`, mode 2770, so that what
 * is made in it belongs to the group, too. It takes no capability, only membership in the group. A folder
 * of somebody else's (not the group's, with things in it that no sensor made) stays as it is. Throws Fault DATA_UNWRITABLE.
 */
export function shareFolder(folder: string, group: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o770 });
    const facts = lstatSync(folder);
    if (!facts.isDirectory()) throw new Error("it is no folder");
    if (facts.gid !== group) {
      refuseOthers(folder);
      chownSync(folder, facts.uid, group);
    }
    // After the change of owner, which takes the bit away.
    chmodSync(folder, 0o2770);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${folder} cannot be shared with group ${group} (${why}): run as its owner, with that group among the supplementary ones`;
    throw new Fault("DATA_UNWRITABLE", message, { folder, group }, cause);
  }
}

/** Named by mistake, like /etc: its group and mode are not ours to change. A volume's own `lost+found` is nobody's. */
function refuseOthers(folder: string): void {
  const others = readdirSync(folder).filter((name) => !isSensorsOwn(name) && name !== "lost+found");
  if (others.length === 0) return;
  const message = `${folder} is not changed, since it holds what no sensor made (${others.length} names): name a folder of its own with --share (in the chart: host.runFolder, host.dataFolder)`;
  throw new Fault("DATA_UNWRITABLE", message, { folder, others: others.length });
}
