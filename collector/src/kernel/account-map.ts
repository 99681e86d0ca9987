import { accountBytesMax } from "../kernel-source.ts";
import type { Addon } from "./addon.ts";

// The map `account` holds one value: u32 length, then so many bytes. The kernel copies a value whole before it lets a
// signal end the process: a kill leaves the old one or the new one.

const headBytes = 4;

export const accountValueBytes = headBytes + accountBytesMax;

/** One for all writes, which are many a second: what lies behind the length is of an earlier one, and never read. */
const value = Buffer.alloc(accountValueBytes);
const onlyKey = Buffer.alloc(4);

/** What was written last; undefined before the first time. */
export function readAccount(addon: Addon, map: string): Buffer | undefined {
  const kept = addon.mapLookup(map, onlyKey);
  const length = kept.readUInt32LE(0);
  return length === 0 || length > accountBytesMax ? undefined : kept.subarray(headBytes, headBytes + length);
}

/** Throws RangeError on more than `accountBytesMax`: that is our bug. */
export function writeAccount(addon: Addon, map: string, bytes: Uint8Array): void {
  if (bytes.length > accountBytesMax) throw new RangeError("the account is over its limit");
  value.writeUInt32LE(bytes.length, 0);
  value.set(bytes, headBytes);
  if (addon.mapUpdate(map, onlyKey, value) !== 1) throw new Error("the kernel does not take the account");
}
