import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { Fault } from "@atalaya/wire";
import { connectHub } from "@atalaya/wire/client";
import { readArguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { connectionOptions } from "../hub-connection.ts";
import { printLine } from "../print.ts";

const help = `Usage: atalaya backup FILE [--force] [--data DIR]

Makes a backup of the whole hub while it runs, as it is at one moment: alerts, rules' state, settings, accounts, process
history, and the hub's authority. FILE is a tar packed with zstd (tar --zstd -tf FILE shows what is in it), mode 0600:
it holds the hub's keys, so keep it as safe as them. "atalaya restore" puts it in place.

  --force      replace FILE where it is there

Examples:
  atalaya backup atalaya-$(date +%F).tar.zst
  atalaya backup --force /mnt/backups/atalaya.tar.zst`;

// The hub copies its files before it sends the first byte.
const quietMs = 30 * 60_000;
const options = { ...connectionOptions, force: { type: "boolean", default: false } } as const;

export const backup: Command = { name: "backup", summary: "make a backup of the hub while it runs", help, run };

async function run(args: string[]): Promise<number> {
  const { values, positionals } = readArguments("backup", args, options);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new Fault("USAGE", "backup takes one file. See: atalaya backup --help");
  const path = resolve(file);
  if (existsSync(path) && !values.force) {
    throw new Fault("USAGE", `${path} is there already: choose another name, or replace it with --force`);
  }
  const part = `${path}.part`;
  const bytes = await download(values.data, part);
  renameSync(part, path);
  printLine(`backup    ${path}, ${bytes} bytes`);
  return 0;
}

/** Writes the whole backup, or leaves nothing. */
async function download(data: string | undefined, part: string): Promise<number> {
  const hub = connectHub(data);
  const out = create(part);
  let bytes = 0;
  let shown = 0;
  try {
    if (process.stderr.isTTY) process.stderr.write("the hub copies its files");
    await hub.download("/api/v1/backups", quietMs, (some) => {
      for (let at = 0; at < some.length; ) at += writeSync(out, some, at);
      bytes += some.length;
      const mib = Math.floor(bytes / 2 ** 20);
      if (!process.stderr.isTTY || mib === shown) return;
      shown = mib;
      process.stderr.write(`\r${mib} MiB received         `);
    });
    fsyncSync(out);
    return bytes;
  } catch (error) {
    rmSync(part, { force: true });
    throw asFault(error, part);
  } finally {
    closeSync(out);
    if (process.stderr.isTTY) process.stderr.write("\r");
  }
}

function create(part: string): number {
  try {
    return openSync(part, "w", 0o600);
  } catch (error) {
    throw asFault(error, part);
  }
}

function asFault(error: unknown, part: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof Fault || code === undefined) return error;
  if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE")
    return new Fault("HUB_UNREACHABLE", "The hub's answer was cut; try again", {}, error);
  return new Fault("DATA_UNWRITABLE", `${part} cannot be written (${code}): choose another place`, { code }, error);
}
