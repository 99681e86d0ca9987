import type { Struct } from "./btf.ts";
import { recordKind, sizes } from "./layout.ts";
import { type RecordBytes, recordBytes, u16At, u32At } from "./record-bytes.ts";

// Records that the programs of another build wrote, laid out as ours are: each member is found by its name where either
// build has it. What their build did not know is zero in ours, what ours does not know is left out. So the numbers of
// kinds and the bits of flags are never given another meaning, and a member that gets another meaning gets another name.

/** The struct of each kind, by its number. */
const structNames: ReadonlyMap<number, string> = new Map([
  [recordKind.exec, "exec_record"],
  [recordKind.exec_failed, "exec_failed_record"],
  [recordKind.fork, "fork_record"],
  [recordKind.exit, "exit_record"],
  [recordKind.namespace, "namespace_record"],
  [recordKind.cgroup_mkdir, "cgroup_record"],
  [recordKind.cgroup_move, "cgroup_move_record"],
  [recordKind.open, "open_record"],
  [recordKind.open_failed, "open_record"],
  [recordKind.map, "map_record"],
  [recordKind.connect, "connect_record"],
  [recordKind.send, "connect_record"],
  [recordKind.dns_query, "dns_record"],
  [recordKind.dns_answer, "dns_answer_record"],
  [recordKind.call, "call_record"],
  [recordKind.change, "change_record"],
  [recordKind.dup, "socket_record"],
  [recordKind.bind, "socket_record"],
  [recordKind.listen, "socket_record"],
  [recordKind.accept, "socket_record"],
  [recordKind.socket, "socket_record"],
  [recordKind.unix_connect, "socket_record"],
  [recordKind.connect_failed, "socket_record"],
  [recordKind.receive, "connect_record"],
  [recordKind.sensor_signal, "watch_record"],
  [recordKind.sensor_bpf, "watch_record"],
]);
/** A head and the longest strings (bpf/limits.h) are far below. */
const recordBytesMax = 64 * 1024;

type Move = { from: number; to: number; bytes: number };
type Plan = { fromSize: number; toSize: number; moves: Move[] };

export type Translated = { from: RecordBytes; length: number };

/** From one build's layout to another's. */
export class RecordTranslator {
  readonly #plans = new Map<number, Plan>();
  readonly #kindAt: number;
  readonly #sizeAt: number;
  readonly #room = recordBytes(recordBytesMax);

  private constructor(plans: Map<number, Plan>, kindAt: number, sizeAt: number) {
    this.#plans = plans;
    this.#kindAt = kindAt;
    this.#sizeAt = sizeAt;
  }

  /** Undefined where either side does not say how its records begin. */
  static between(theirs: ReadonlyMap<string, Struct>, ours: ReadonlyMap<string, Struct>): RecordTranslator | undefined {
    const head = theirs.get("record_head")?.members;
    const [kind, size] = [head?.get("kind"), head?.get("size")];
    if (kind?.size !== 2 || size?.size !== 4 || kind.offset % 2 !== 0 || size.offset % 4 !== 0) return undefined;
    if (ours.get("record_head")?.size !== sizes.record_head) return undefined;
    const plans = new Map<number, Plan>();
    for (const [number, name] of structNames) {
      const [from, to] = [theirs.get(name), ours.get(name)];
      if (from !== undefined && to !== undefined) plans.set(number, planOf(from, to));
    }
    return plans.size === 0 ? undefined : new RecordTranslator(plans, kind.offset, size.offset);
  }

  /** The number of a record's kind, which has no other meaning with us; undefined where it is too short to have one. */
  kindNumber(from: RecordBytes, at: number, length: number): number | undefined {
    return length < this.#kindAt + 2 ? undefined : u16At(from, at + this.#kindAt);
  }

  /**
   * The record of `length` bytes at `at` in our layout, in memory that the next call uses again; undefined where it is of
   * a kind that one side does not know, or not as long as it says.
   */
  translate(from: RecordBytes, at: number, length: number): Translated | undefined {
    if (length < this.#kindAt + 2 || length < this.#sizeAt + 4) return undefined;
    const plan = this.#plans.get(u16At(from, at + this.#kindAt));
    if (plan === undefined || length < plan.fromSize || u32At(from, at + this.#sizeAt) !== length) return undefined;
    const total = plan.toSize + length - plan.fromSize;
    const { bytes, words } = this.#room;
    if (total > bytes.length) return undefined;
    bytes.fill(0, 0, plan.toSize);
    for (const move of plan.moves) from.bytes.copy(bytes, move.to, at + move.from, at + move.from + move.bytes);
    from.bytes.copy(bytes, plan.toSize, at + plan.fromSize, at + length);
    words[0] = total;
    return { from: this.#room, length: total };
  }
}

/** Numbers are little-endian: the low bytes of a member that has grown or shrunk are its value. */
function planOf(theirs: Struct, ours: Struct): Plan {
  const moves: Move[] = [];
  for (const [name, to] of ours.members) {
    const from = theirs.members.get(name);
    if (from !== undefined) moves.push({ from: from.offset, to: to.offset, bytes: Math.min(from.size, to.size) });
  }
  return { fromSize: theirs.size, toSize: ours.size, moves };
}
