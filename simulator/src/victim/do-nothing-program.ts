import { Fault } from "@atalaya/wire";

/** elf(5): e_machine, and the code of exit(0). */
const machines: Partial<Record<NodeJS.Architecture, { machine: number; code: string }>> = {
  // mov edi, 0; mov eax, 60; syscall
  x64: { machine: 62, code: "bf00000000b83c0000000f05" },
  // mov x0, 0; mov x8, 93; svc 0
  arm64: { machine: 183, code: "000080d2a80b80d2010000d4" },
};

/** The smallest static program that ends with status 0, as ELF bytes for this machine: a "miner" that mines nothing. */
export function doNothingProgram(architecture: NodeJS.Architecture = process.arch): Buffer {
  const known = machines[architecture];
  if (known === undefined) {
    throw new Fault("SIMULATION_UNAVAILABLE", `The busybox victim is made for x64 and arm64, not for ${architecture}`);
  }
  const code = Buffer.from(known.code, "hex");
  const base = 0x400000n;
  const headerBytes = 64 + 56;
  const elf = Buffer.alloc(headerBytes + code.length);
  // The file header: 64 bit, little endian, version 1, executable.
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(known.machine, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(base + BigInt(headerBytes), 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  // One segment: the whole file, readable and executable.
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  elf.writeBigUInt64LE(base, 80);
  elf.writeBigUInt64LE(base, 88);
  elf.writeBigUInt64LE(BigInt(elf.length), 96);
  elf.writeBigUInt64LE(BigInt(elf.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  code.copy(elf, headerBytes);
  return elf;
}
