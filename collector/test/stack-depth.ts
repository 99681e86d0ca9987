// How much stack each call chain of a BPF object takes, as Linux 5.10 counts it before it takes a program:
//
//   program ──▶ function ──▶ function      each frame rounded up to 32 bytes, one without a stack counts as 32;
//       64   +    200→224  +    8→32       all together at most 512, and at most 8 frames
//
// (check_max_stack_depth in kernel/bpf/verifier.c of 5.10). The kernel knows what a program touches from going through it; here
// its lowest address of the stack is taken, dead branches with it, so that what is said here is never less than the kernel's.
import { type Elf, readElf, sectionType } from "./elf.ts";

export const stackBytesMax = 512;
export const framesMax = 8;
const frameUnit = 32;
const instructionBytes = 8;
/** The section of symbols that the kernel itself has (kfuncs): their stack is the kernel's. */
const outside = 0;

/** One way down from a function to where it takes the most: names and bytes that are touched from above, and the sum of all frames. */
export type Chain = { names: readonly string[]; touched: readonly number[]; bytes: number };
type Fn = { name: string; stack: number; calls: readonly string[] };

const opcode = { call: 0x85, wide: 0x18, copy: 0xbf, addNumber: 0x07 };
/** src_reg of a call to a function of the object, and of its address. */
const pseudo = { call: 1, address: 4 };
const frameRegister = 10;

/**
 * The chain of each function that calls or is called, the deepest way down from it; of a program, all that it takes.
 * Throws an Error where a call leads to no function, or where functions call each other in a ring.
 */
export function stackChains(object: Buffer): Chain[] {
  const functions = functionsOf(readElf(object));
  const deepest = new Map<string, Chain>();
  return [...functions.keys()].map((key) => chainOf(key, functions, deepest, new Set()));
}

function chainOf(
  key: string,
  functions: ReadonlyMap<string, Fn>,
  known: Map<string, Chain>,
  above: Set<string>,
): Chain {
  const before = known.get(key);
  if (before) return before;
  const fn = functions.get(key);
  if (!fn) throw new Error(`a call leads to ${key}, where no function begins`);
  if (above.has(key)) throw new Error(`${fn.name} calls itself`);
  const below = fn.calls.map((called) => chainOf(called, functions, known, new Set([...above, key])));
  const most = below.reduce<Chain>((a, b) => (b.bytes > a.bytes ? b : a), { names: [], touched: [], bytes: 0 });
  const chain = {
    names: [fn.name, ...most.names],
    touched: [fn.stack, ...most.touched],
    bytes: most.bytes + frameBytes(fn.stack),
  };
  known.set(key, chain);
  return chain;
}

function frameBytes(stack: number): number {
  return Math.ceil(Math.max(stack, 1) / frameUnit) * frameUnit;
}

/** By section and place: static functions of two sections may have one name. */
function functionsOf(elf: Elf): Map<string, Fn> {
  const found = new Map<string, Fn>();
  for (const { name, section, at, size, isFunction } of elf.symbols) {
    const code = elf.sections[section]?.bytes.subarray(at, at + size);
    if (!isFunction || !code) continue;
    const calls = [...new Set(callsOf(elf, section, at, code))];
    found.set(place(section, at), { name, stack: stackOf(code), calls });
  }
  return found;
}

function place(section: number, at: number): string {
  return `${section}+${at}`;
}

/** The lowest byte of its frame that a function may touch, as a depth: through the frame's register or copies of it. */
function stackOf(code: Buffer): number {
  let lowest = 0;
  const copies = new Map<number, number>([[frameRegister, 0]]);
  for (let at = 0; at < code.length; at += instructionBytes) {
    const op = code[at] ?? 0;
    const to = (code[at + 1] ?? 0) & 15;
    const from = (code[at + 1] ?? 0) >> 4;
    const base = copies.get(isStore(op) ? to : from);
    if (base !== undefined && (isStore(op) || isLoad(op))) lowest = Math.min(lowest, base + code.readInt16LE(at + 2));
    follow(copies, { op, to, from, number: code.readInt32LE(at + 4) });
    lowest = Math.min(lowest, copies.get(to) ?? 0);
    if (op === opcode.wide) at += instructionBytes;
  }
  return -lowest;
}

type Step = { op: number; to: number; from: number; number: number };

/** Which registers point into the frame afterwards, and how deep. */
function follow(copies: Map<number, number>, { op, to, from, number }: Step): void {
  const source = copies.get(from);
  const own = copies.get(to);
  if (op === opcode.copy && source !== undefined) copies.set(to, source);
  else if (op === opcode.addNumber && own !== undefined) copies.set(to, own + number);
  else if (op === opcode.call) for (let register = 0; register <= 5; register++) copies.delete(register);
  else if (writesRegister(op) && own !== undefined && op !== addRegister) copies.delete(to);
}

const addRegister = 0x0f;
/** The lowest three bits are the class (https://docs.kernel.org/bpf/standardization/instruction-set.html). */
function isLoad(op: number): boolean {
  return (op & 7) === 1;
}
function isStore(op: number): boolean {
  return (op & 7) === 2 || (op & 7) === 3;
}
function writesRegister(op: number): boolean {
  return [0, 1, 4, 7].includes(op & 7);
}

function callsOf(elf: Elf, section: number, at: number, code: Buffer): string[] {
  const moved = relocationsOf(elf, section);
  const calls: string[] = [];
  for (let i = 0; i < code.length; i += instructionBytes) {
    const kind = (code[i + 1] ?? 0) >> 4;
    const isCall = code[i] === opcode.call && kind === pseudo.call;
    const isAddress = code[i] === opcode.wide && kind === pseudo.address;
    const number = code.readInt32LE(i + 4);
    const symbol = elf.symbols[moved.get(at + i) ?? -1];
    const from = symbol ?? { section, at: at + i };
    if (from.section !== outside && (isCall || isAddress))
      calls.push(place(from.section, from.at + (isCall ? (number + 1) * instructionBytes : number)));
    if (code[i] === opcode.wide) i += instructionBytes;
  }
  return calls;
}

/** By the instruction's place in the section, the number of the symbol. */
function relocationsOf(elf: Elf, section: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const { type, info, bytes } of elf.sections) {
    if (type !== sectionType.relocations || info !== section) continue;
    for (let i = 0; i < bytes.length; i += 16) found.set(Number(bytes.readBigUInt64LE(i)), bytes.readUInt32LE(i + 12));
  }
  return found;
}
