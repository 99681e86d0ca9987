// What an earlier process left pinned: made by one that is killed, looked at by tests.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { FilterPlan, ProgramState } from "@atalaya/wire";
import { buildCollector } from "../build.mjs";
import type { Counter, KernelRecord } from "../src/kernel-record.ts";
import type { EarlierPrograms, KernelSource } from "../src/kernel-source.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { dropLayoutAssertions } from "./without-assertions.ts";

const leaver = fileURLToPath(new URL("programs/leave-pinned.ts", import.meta.url));
const bpftool = "/usr/sbin/bpftool";

export const starts = 200;

export type Left = {
  ringId: string;
  adopted: boolean;
  gapUs: number;
  programs: ProgramState[];
  /** How many records of each kind it read and released, and up to where. */
  read: Record<string, number>;
  released: Record<"lifecycle" | "bulk", number>;
};

type LeaveOptions = { objects?: string; unreadAfterMs?: number; accountsForMs?: number; plan?: FilterPlan };

/** A process that pins, says what it did and is killed. */
export async function leavePinned(pinFolder: string, options: LeaveOptions = {}): Promise<Left> {
  const { objects = objectFolder, unreadAfterMs = 60_000, accountsForMs, plan } = options;
  const args = ["--disable-warning=ExperimentalWarning", leaver, objects, pinFolder, String(unreadAfterMs)];
  args.push(accountsForMs === undefined ? "" : "accounts", plan === undefined ? "" : JSON.stringify(plan));
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(createInterface(child.stdout), "line")) as [string];
  if (accountsForMs !== undefined) await pause(accountsForMs);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  return JSON.parse(said) as Left;
}

/** The built objects under another name: as a build of other sources. */
export function otherBuild(folder: string, name: string): string {
  const other = join(folder, name);
  cpSync(objectFolder, other, { recursive: true });
  writeFileSync(join(other, "sources.sha256"), "f".repeat(64));
  return other;
}

/**
 * Built from sources whose records are laid out otherwise: a member more in front of each task, exec, open and count, so
 * that everything lies elsewhere and is of another size.
 */
export async function otherLayoutBuild(folder: string): Promise<string> {
  return changedBuild(join(folder, "other-layout"), (change) => {
    const members = (...ofStructs: (readonly [struct: string, before: string])[]) => {
      return (text: string) => ofStructs.reduce((sum, [struct, before]) => withOneMore(sum, struct, before), text);
    };
    change(
      "record.h",
      members(["record_task", "__u64 start_us"], ["exec_record", "__u64 inode"], ["open_record", "__u64 inode"]),
    );
    change("map-values.h", members(["count_slot", "__u64 attempted"]));
  });
}

/**
 * As a later build, for one that goes back to ours: its forks are records of a kind that we do not know, and what a mount call sets
 * lies behind the call's text without a word of it that we could read.
 */
export async function laterBuild(folder: string): Promise<string> {
  return changedBuild(join(folder, "later"), (change) => {
    const inPlace = (from: string, to: string) => (text: string) => {
      assert.ok(text.includes(from), from);
      return text.replaceAll(from, to);
    };
    change("record.h", (text) =>
      inPlace("KIND_FORK = 3,", "KIND_FORK = 17,")(inPlace("value_length", "value_bytes")(text)),
    );
    change("call.bpf.c", inPlace("value_length", "value_bytes"));
  });
}

type Change = (file: string, edit: (text: string) => string) => void;

/** Built once from a copy of the sources below `checkout`, with the changes that `make` asks for. */
async function changedBuild(checkout: string, make: (change: Change) => void): Promise<string> {
  if (existsSync(checkout)) return join(checkout, "build", "collector");
  cpSync(join(root, "collector"), join(checkout, "collector"), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
  const bpf = join(checkout, "collector", "bpf");
  dropLayoutAssertions(bpf);
  make((name, edit) => writeFileSync(join(bpf, name), edit(readFileSync(join(bpf, name), "utf8"))));
  await buildCollector({ root: checkout, log: () => undefined });
  return join(checkout, "build", "collector");
}

function withOneMore(text: string, struct: string, before: string): string {
  const member = new RegExp(`(struct ${struct} \\{[^}]*?)(\\t${before};)`);
  const changed = text.replace(member, "$1\t__u64 of_another_build;\n$2");
  assert.notEqual(changed, text, `${struct} has no ${before}`);
  return changed;
}

/** Programs that start with a mark of their own in their arguments; nobody reads meanwhile. */
export function startPrograms(mark: string, count = starts): void {
  execFileSync("sh", ["-c", `for i in $(seq ${count}); do /bin/true ${mark} $i; done`]);
}

export function drainAll(from: Pick<KernelSource | EarlierPrograms, "drain" | "release">): KernelRecord[] {
  const all: KernelRecord[] = [];
  for (const ring of ["lifecycle", "bulk"] as const) {
    for (;;) {
      const { records, next, undecodable } = from.drain(ring);
      from.release(ring, next);
      assert.deepEqual(undecodable, []);
      if (records.length === 0) break;
      all.push(...records);
    }
  }
  return all;
}

/** The numbers of the programs with that mark, as their records came. */
export function marked(records: readonly KernelRecord[], mark: string): number[] {
  const execs = records.filter((record) => record.kind === "exec" && record.argv[1] === mark);
  return execs.map((record) => (record.kind === "exec" ? Number(record.argv[2]) : 0));
}

export const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

export function countOf(counters: readonly Counter[], kind: string, reason: string): number {
  const found = counters.find((one) => one.class === kind && one.reason === reason);
  assert.ok(found !== undefined, `no counter ${kind} ${reason}`);
  return found.value;
}

/** The kernel's numbers of the programs behind the links that are pinned in a set. */
export function pinnedPrograms(pinFolder: string): number[] {
  const links = readdirSync(pinFolder).map((set) => join(pinFolder, set, "links"));
  return links.flatMap((folder) =>
    readdirSync(folder).map((name) => {
      const shown = execFileSync(bpftool, ["-j", "link", "show", "pinned", join(folder, name)], { encoding: "utf8" });
      return (JSON.parse(shown) as { prog_id: number }).prog_id;
    }),
  );
}

/** Waits until the kernel has ended these programs, which it does a moment after their last link has gone. */
export async function allEnded(programs: readonly number[]): Promise<void> {
  const endMs = performance.now() + 10_000;
  for (;;) {
    const shown = execFileSync(bpftool, ["-j", "prog", "show"], { encoding: "utf8", maxBuffer: 1 << 24 });
    const alive = (JSON.parse(shown) as { id: number }[]).filter(({ id }) => programs.includes(id));
    if (alive.length === 0) return;
    assert.ok(performance.now() < endMs, `still there: ${JSON.stringify(alive)}`);
    await pause(20);
  }
}

/** Pins a map once more, at another place. */
export function pinAlso(map: string, place: string): void {
  execFileSync(bpftool, ["map", "pin", "pinned", map, place]);
}
