import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/setup/root.mjs";
import { type GuestResult, resultSchema } from "./guest-result.ts";

const folder = join(root, "build", "guests");

/** Where a guest's result is kept: build/guests/NAME.json, for docs/kernels.md and for whoever looks. */
export function keepResult(name: string, result: GuestResult): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** The last result of the guest; undefined where it has not run. */
export function lastResult(name: string): GuestResult | undefined {
  try {
    return resultSchema.parse(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")));
  } catch {
    return undefined;
  }
}
