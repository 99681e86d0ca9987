/** Debian's lists of packages are asked for again when they are older. */
export const listsFreshMs = 86_400_000;
/** A module of the kernel's, unpacked. */
export const moduleBytesMax = 16_777_216;
