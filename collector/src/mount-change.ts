import type { CallRecord } from "./kernel-record.ts";

// What mount_setattr changes, in words.

/** include/uapi/linux/mount.h; RELATIME is 0. */
const attributes: readonly (readonly [number, string])[] = [
  [0x1, "RDONLY"],
  [0x2, "NOSUID"],
  [0x4, "NODEV"],
  [0x8, "NOEXEC"],
  [0x10, "NOATIME"],
  [0x20, "STRICTATIME"],
  [0x80, "NODIRATIME"],
  [0x100000, "IDMAP"],
  [0x200000, "NOSYMFOLLOW"],
];
/** MS_… of include/uapi/linux/mount.h */
const propagations: ReadonlyMap<number, string> = new Map([
  [0x20000, "MS_UNBINDABLE"],
  [0x40000, "MS_PRIVATE"],
  [0x80000, "MS_SLAVE"],
  [0x100000, "MS_SHARED"],
]);
/** All of the bits say how access times are kept: in what is cleared they come together. */
const accessTimes = 0x70;

/** `set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_NOSUID clear=MOUNT_ATTR_NOEXEC propagation=MS_SHARED`, each part only where it is there. */
export function mountChangeText({ set, clear, propagation }: NonNullable<CallRecord["mountChange"]>): string {
  const parts: string[] = [];
  if (set !== 0) parts.push(`set=${attributeNames(set)}`);
  if (clear !== 0) parts.push(`clear=${attributeNames(clear)}`);
  if (propagation !== 0) parts.push(`propagation=${propagations.get(propagation) ?? propagation}`);
  return parts.join(" ");
}

function attributeNames(bits: number): string {
  let left = BigInt(bits);
  const names: string[] = [];
  const take = (mask: number, name: string): void => {
    if ((left & BigInt(mask)) !== BigInt(mask)) return;
    names.push(`MOUNT_ATTR_${name}`);
    left &= ~BigInt(mask);
  };
  take(accessTimes, "_ATIME");
  for (const [mask, name] of attributes) take(mask, name);
  if (left !== 0n) names.push(String(left));
  return names.join("|");
}
