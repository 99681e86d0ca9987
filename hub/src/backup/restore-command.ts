import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Fault } from "@atalaya/wire";
import { restore } from "./restore.ts";

const help = `Usage: atalaya restore FILE [--data DIR] [--force]

Puts a backup that "atalaya backup" made in place, whole or not at all. No hub may run on the folder meanwhile.

  --data DIR   the folder with all data (default $XDG_DATA_HOME/atalaya)
  --force      where the folder holds a hub's data: set that aside (hub.before-TIME), and put the backup in its place

Sensors go on by themselves: the backup holds the hub's authority. What they sent after the backup was made, and the hub
confirmed, is not in it.

Examples:
  atalaya restore atalaya.tar.zst
  atalaya restore atalaya.tar.zst --data /srv/atalaya --force`;

const options = {
  data: { type: "string" },
  force: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** `atalaya restore`: gives the exit status. Throws Fault, which the command line tells. */
export async function restoreMain(args: string[]): Promise<number> {
  const { values, positionals } = readArguments(args);
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return 0;
  }
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw usage("restore takes one file");
  const data = resolve(
    values.data ?? join(process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "atalaya"),
  );
  let shown = 0;
  const progress = (bytes: number) => {
    const mib = Math.floor(bytes / 2 ** 20);
    if (!process.stderr.isTTY || mib === shown) return;
    shown = mib;
    process.stderr.write(`\r${mib} MiB restored`);
  };
  const { manifest, bytes, setAside } = await restore({ file: resolve(file), data, force: values.force, progress });
  if (shown > 0) process.stderr.write("\r");
  const made = new Date(manifest.made_us / 1_000).toISOString();
  process.stdout.write(`restored ${manifest.files.length} files, ${bytes} bytes, to ${join(data, "hub")}\n`);
  process.stdout.write(`the backup was made at ${made} by version ${manifest.version}\n`);
  if (setAside !== undefined) process.stdout.write(`what was there before is in ${setAside}\n`);
  return 0;
}

function readArguments(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw usage(error instanceof Error ? error.message.replace(/\. To specify.*/s, "") : "unusable arguments");
  }
}

function usage(message: string): Fault {
  return new Fault("USAGE", `${message}. See: atalaya restore --help`);
}
