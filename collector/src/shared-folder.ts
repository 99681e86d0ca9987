import { chmodSync, chownSync, lstatSync, mkdirSync } from "node:fs";
import { Fault } from "@atalaya/wire";

/**
 * Makes a folder that the publisher, which is not root, can write to as well: owned by `group`, mode 2770, so that what
 * is made in it belongs to the group, too. It takes no capability, only membership in the group. Throws Fault
 * DATA_UNWRITABLE.
 */
export function shareFolder(folder: string, group: number): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o770 });
    const facts = lstatSync(folder);
    if (!facts.isDirectory()) throw new Error("it is no folder");
    if (facts.gid !== group) chownSync(folder, facts.uid, group);
    // After the change of owner, which takes the bit away.
    chmodSync(folder, 0o2770);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${folder} cannot be shared with group ${group} (${why}): run as its owner, with that group among the supplementary ones`;
    throw new Fault("DATA_UNWRITABLE", message, { folder, group }, cause);
  }
}
