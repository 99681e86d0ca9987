import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/setup/root.mjs";
import { hashInputs } from "../../tools/setup/stamp.mjs";
import { type GuestResult, resultSchema } from "./guest-result.ts";
import type { Guest } from "./guests.ts";

const folder = join(root, "build", "guests");

/** What a guest is about: the sensor, and what is done to it. */
const sources = [
  ...["collector/bpf", "collector/addon", "collector/native", "collector/src", "collector/test/programs"],
  ...["wire/src", "audit/src", "e2e/guests/inside"],
].map((path) => join(root, path));

/** Names what a guest that starts now is about: of the sources as they are. */
export const sourcesNow = () => hashInputs(sources).slice(0, 16);

/** Where a guest's result is kept: build/guests/NAME.json, for docs/kernels.md and for whoever looks. */
export function keepResult(name: string, result: GuestResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** The last results of all the guests, in their order. Throws an Error that names those that lack, or are of other sources. */
export function lastResults(guests: readonly Guest[]): GuestResult[] {
  const now = sourcesNow();
  const read = guests.map(({ name }) => ({ name, result: lastResult(name) }));
  const unusable = read.filter(({ result }) => result?.sources !== now).map(({ name }) => name);
  if (unusable.length > 0)
    throw new Error(`${unusable.join(", ")} did not run with the sources as they are: npm run test:guests`);
  return read.flatMap(({ result }) => result ?? []);
}

function lastResult(name: string): GuestResult | undefined {
  try {
    return resultSchema.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
  } catch {
    return undefined; // it never ran, or what it said then has another shape
  }
}
