import { accountBytesMax } from "../kernel-source.ts";
import type { Addon } from "./addon.ts";

// The map `account` holds one value: u32 length, then so many bytes. The kernel copies a value whole before it lets a
// signal end the process: a kill leaves the old one or the new one.

const headBytes = 4;

export const accountValueBytes = headBytes + accountBytesMax;

/** What was written last; undefined before the first time. */
export function readAccount(addon: Addon, map: string): Buffer | undefined {
  const value = addon.mapLookup(map, Buffer.alloc(4));
  const length = value.readUInt32LE(0);
  return length === 0 || length > accountBytesMax ? undefined : value.subarray(headBytes, headBytes + length);
}

/** Throws RangeError on more than `accountBytesMax`: that is our bug. */
export function writeAccount(addon: Addon, map: string, bytes: Uint8Array): void {
  if (bytes.length > accountBytesMax) throw new RangeError("the account is over its limit");
  const value = Buffer.alloc(accountValueBytes);
  value.writeUInt32LE(bytes.length, 0);
  value.set(bytes, headBytes);
  if (addon.mapUpdate(map, Buffer.alloc(4), value) !== 1) throw new Error("the kernel does not take the account");
}
