import { accessSync, constants } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { limits } from "./limits.ts";

/** Resolves when every folder is there and can be written: in a pod, the collector beside us makes them so. */
export async function awaitFolders(folders: readonly string[], say: (line: string) => void): Promise<void> {
  for (const folder of folders) {
    let said = false;
    while (!isWritable(folder)) {
      if (!said) say(`waiting until ${folder} can be written: the collector shares it`);
      said = true;
      await pause(limits.folderLookMs);
    }
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
