import { existsSync } from "node:fs";
import { Fault } from "@atalaya/wire";
import { defaultDataFolder } from "@atalaya/wire/client";
import { readOptions } from "../arguments.ts";
import type { Command } from "../command.ts";
import { pinFolderOf } from "../pin-folder.ts";
import { printLine } from "../print.ts";
import { type RemovedPins, removePins } from "../switchboard.ts";

const help = `Usage: atalaya uninstall [--data DIR | --pin DIR...] [--force] [--json]

Ends the watch that a sensor left behind: its programs and rings stay in the kernel when a collector is killed, so that
the next one misses nothing. Says what it removed. Data folders are left alone.

  --data DIR   the data folder of the atalaya up that was killed (default ${defaultDataFolder()})
  --pin DIR    a folder that a collector was given with --pin, instead; can be repeated
  --force      also while a collector runs there: what it holds ends with it
  --json       one object: a list of folders, each with the programs and maps that were removed

Exit status: 0 when nothing is left, 1 when a collector runs there or something could not be removed.

Examples:
  atalaya uninstall
  atalaya uninstall --data /srv/atalaya
  atalaya uninstall --pin /sys/fs/bpf/atalaya --json`;

export const uninstall: Command = { name: "uninstall", summary: "end the watch that a killed sensor left", help, run };

const options = {
  data: { type: "string" },
  pin: { type: "string", multiple: true },
  force: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

async function run(args: string[]): Promise<number> {
  const { values } = readOptions("uninstall", args, options);
  if (values.pin !== undefined && values.data !== undefined)
    throw new Fault("USAGE", "uninstall takes --pin or --data, not both. See: atalaya uninstall --help");
  if (process.getuid?.() !== 0) throw new Fault("FORBIDDEN", "Only root can do this; run it with: sudo");
  const results: RemovedPins[] = [];
  for (const folder of values.pin ?? foldersOf(values.data)) results.push(await removePins(folder, values.force));
  if (values.json) printLine(JSON.stringify({ folders: results }));
  else for (const line of results.map(sentence)) printLine(line);
  return results.every((one) => one.refused === undefined) ? 0 : 1;
}

/** Without a word: the folder of the usual data folder, and the one of a collector that was started by itself. */
function foldersOf(data: string | undefined): string[] {
  const folder = data ?? defaultDataFolder();
  if (data !== undefined && !existsSync(data)) throw new Fault("NOT_FOUND", `There is no folder ${data}`);
  const own = existsSync(folder) ? [pinFolderOf(folder)] : [];
  return data === undefined ? [...own, "/sys/fs/bpf/atalaya"] : own;
}

function sentence({ folder, programs, maps, refused }: RemovedPins): string {
  if (refused !== undefined)
    return `${folder}: nothing was removed: ${refused}; end the collector first, or use --force`;
  if (programs.length + maps.length === 0) return `${folder}: nothing was there`;
  return `${folder}: removed ${programs.length} programs and ${maps.length} maps: the watch has ended`;
}
