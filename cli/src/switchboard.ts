import { existsSync } from "node:fs";
import { Fault } from "@atalaya/wire";

// The one place where the command line reaches into the parts: each entry starts a part in this process.
// Everything else under cli/ talks to the hub's API and imports only `wire`.

/** Runs a part's own main module: it reads process.argv, so the arguments are put there first. */
function part(file: URL): (args: string[]) => Promise<number> {
  return async (args) => {
    if (!existsSync(file)) throw new Fault("USAGE", `${file.pathname} is missing: this package holds no such part`);
    process.argv = [process.execPath, file.pathname, ...args];
    await import(file.href);
    // The part runs on until nothing keeps it alive; it may also end the process itself.
    return await new Promise<number>((resolve) => {
      process.once("beforeExit", () => resolve(Number(process.exitCode ?? 0)));
    });
  };
}

/** In a package (tools/bundle.mjs) each part is one bundle in a folder beside ours. */
const isPackaged = import.meta.url.endsWith(".js");
const fileOf = (part: string) =>
  new URL(isPackaged ? `../${part}/main.js` : `../../${part}/src/main.ts`, import.meta.url);

export const partFiles = {
  hub: fileOf("hub"),
  collector: fileOf("collector"),
  publisher: fileOf("publisher"),
  inventory: fileOf("inventory"),
} as const;

/** What is built of C and of the page, for `up`. */
export const builtFolders = {
  objects: new URL(isPackaged ? "../collector/objects" : "../../build/collector", import.meta.url),
  web: new URL(isPackaged ? "../web" : "../../build/web", import.meta.url),
} as const;

export const runHub = part(partFiles.hub);
export const runCollector = part(partFiles.collector);
export const runPublisher = part(partFiles.publisher);
export const runInventory = part(partFiles.inventory);

export async function runSimulate(args: string[]): Promise<number> {
  const { simulateMain } = await import("../../simulator/src/main.ts");
  return simulateMain(args);
}

export async function runReplay(args: string[]): Promise<number> {
  const { replayMain } = await import("../../hub/src/replay/main.ts");
  return replayMain(args);
}

export async function runRules(args: string[]): Promise<number> {
  const { rulesMain } = await import("../../hub/src/replay/rules-command.ts");
  return rulesMain(args);
}

export async function runRestore(args: string[]): Promise<number> {
  const { restoreMain } = await import("../../hub/src/backup/restore-command.ts");
  return restoreMain(args);
}

export type RemovedPins = { folder: string; programs: string[]; maps: string[]; refused?: string };

/** Removes what a collector left pinned in a folder. */
export async function removePins(folder: string, force: boolean): Promise<RemovedPins> {
  const { removePins: remove } = await import("../../collector/src/remove-pins.ts");
  return remove(folder, force);
}
