import { type BigIntStats, statSync } from "node:fs";
import { dirname } from "node:path";
import { isWithin, type ScopeFacts, scopeShape } from "@atalaya/wire";
import * as z from "zod";
import { collectorLimits } from "../limits.ts";
import { readSmallFile } from "../small-file.ts";

// The node's own word on blocking: whatever a hub wants, nothing is blocked that this file does not permit.
//
//   { "blocking": "on", "permit": [ { "namespaces": ["shop-*"] }, { "images": ["registry.example/web:*"] } ] }
//
//   blocking   on, or off: the switch
//   permit     scopes, as in a drift policy; one that holds is enough, and all lists of it have to

const permitSchema = z.strictObject({
  blocking: z.enum(["on", "off"]),
  permit: z
    .array(
      z
        .strictObject({ namespaces: scopeShape.namespaces, pods: scopeShape.pods, images: scopeShape.images })
        .refine((scope) => Object.values(scope).some((list) => list !== undefined), "a scope names something"),
    )
    .max(collectorLimits.permitScopesMax),
});
type Permit = z.infer<typeof permitSchema>;

/** What the file says now; `refused` says why it is not followed. */
export type Permitted =
  | { state: "not_permitted" }
  | { state: "refused"; why: string }
  | { state: "off" }
  | { state: "on"; permits(place: ScopeFacts): boolean };

/** Follows the file: a look costs two calls while nothing has changed. */
export class PermitFile {
  readonly #path: string | undefined;
  #seen: string | undefined;
  now: Permitted = { state: "not_permitted" };

  /** Without a path nothing is ever permitted. */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** True where it says something else than before. */
  look(): boolean {
    if (this.#path === undefined) return false;
    const seen = signOf(this.#path);
    if (seen === this.#seen) return false;
    this.#seen = seen;
    this.now = readPermit(this.#path);
    return true;
  }
}

/** Of the file and of its folder: changes with their content, owner and mode. */
function signOf(path: string): string {
  return [path, dirname(path)].map((one) => sign(stats(one))).join(" ");
}

function stats(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function sign(of: BigIntStats | undefined): string {
  return of === undefined ? "-" : `${of.dev}:${of.ino}:${of.size}:${of.mtimeNs}:${of.ctimeNs}`;
}

/** Whoever can write the file, or put another in its place, decides what is killed: that has to be root alone. */
function readPermit(path: string): Permitted {
  const file = readSmallFile(path, collectorLimits.permitBytesMax);
  if ("problem" in file) {
    if (file.problem === "missing") return { state: "not_permitted" };
    return refused("it cannot be read as a file of at most 64 KiB; a link is not followed");
  }
  const folder = stats(dirname(path));
  if (folder === undefined) return refused("its folder cannot be looked at");
  if (file.uid !== 0 || folder.uid !== 0n) return refused("it, or its folder, is not root's");
  if ((file.mode & 0o022) !== 0 || (folder.mode & 0o022n) !== 0n)
    return refused("others than root may write to it, or to its folder");
  let value: unknown;
  try {
    value = JSON.parse(file.text);
  } catch {
    return refused("it is not JSON");
  }
  const read = permitSchema.safeParse(value);
  if (read.success) return permitted(read.data);
  const [issue] = read.error.issues;
  return refused(`${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "not as documented"}`);
}

function permitted({ blocking, permit }: Permit): Permitted {
  if (blocking === "off") return { state: "off" };
  return { state: "on", permits: (place) => permit.some((scope) => isWithin(scope, place)) };
}

function refused(why: string): Permitted {
  return { state: "refused", why: why.slice(0, 256) };
}
