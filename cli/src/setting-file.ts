import { readFileSync } from "node:fs";
import { Fault } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import * as z from "zod";
import { printLine } from "./print.ts";

/** A setting of the hub that is replaced as a whole, by a JSON file. */
export type FileSetting<T> = {
  /** The command that reads and replaces it. */
  command: string;
  called: string;
  path: string;
  schema: z.ZodType<T>;
};

/**
 * Prints what is in force as a file that can be applied. Beside it, on standard error, by which version that is replaced: to a
 * person at a terminal, and where it is asked for.
 */
export async function printSetting<T>(
  hub: HubClient,
  { command, path, schema }: FileSetting<T>,
  isVersionAsked: boolean,
): Promise<void> {
  const { value, version } = await hub.getVersioned(path, schema);
  printLine(JSON.stringify(value, null, 2));
  if (!isVersionAsked && !process.stderr.isTTY) return;
  process.stderr.write(`To replace this and nothing newer: atalaya ${command} apply FILE --replaces ${version}\n`);
}

/** Throws Fault USAGE, with what is wrong in the file and where. */
export function readSettingFile<T>({ command, schema }: FileSetting<T>, file: string): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : "it can't be read";
    throw new Fault("USAGE", `${file}: ${reason}. See: atalaya ${command} --help`, {}, error);
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const issues = read.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`);
  throw new Fault("USAGE", `${file}: ${issues.join("; ")}. See: atalaya ${command} --help`);
}

/** A version as `get` names it. Throws Fault USAGE for what is none. */
export function readVersion(command: string, text: string): string {
  if (/^[0-9a-f]{32}$/.test(text)) return text;
  throw new Fault(
    "USAGE",
    `--replaces takes a version as "atalaya ${command} get" names it. See: atalaya ${command} --help`,
  );
}

/**
 * Puts a file's value in force in place of the version that it `replaces`: without one, of that which is in force as the
 * command begins. Throws Fault CHANGED_SINCE where another one was put in force since; nothing is changed then.
 */
export async function applySetting<T>(
  hub: HubClient,
  setting: FileSetting<T>,
  file: string,
  replaces: string | undefined,
): Promise<T> {
  const { command, called, path, schema } = setting;
  const value = readSettingFile(setting, file);
  // Also where what is in force can't be read here: a later version may have written it.
  const version = replaces ?? (await hub.getVersioned(path, z.unknown())).version;
  try {
    return await hub.put(path, value, schema, version);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "CHANGED_SINCE") throw error;
    const said = `${file} was not put in force, and nothing was changed: since it was read, somebody put another ${called} in force`;
    const next = `See who: atalaya changes. Read it, and make your change in it: atalaya ${command} get`;
    throw new Fault("CHANGED_SINCE", `${said}. ${next}`, error.facts, error);
  }
}
