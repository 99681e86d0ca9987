// Each way around a sensor is performed for real, twice: what is claimed holds, and it does not hold without the hook.
import assert, { AssertionError } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { SyscallEvent } from "@atalaya/wire";
import { BootClock } from "../../src/boot-clock.ts";
import { CgroupPaths } from "../../src/cgroup-paths.ts";
import { Containers } from "../../src/containers.ts";
import { Counters } from "../../src/counters.ts";
import { EventMaker } from "../../src/event-maker.ts";
import { ProcessTable } from "../../src/process-table.ts";
import { HostNames } from "../../src/user-names.ts";
import { type KernelWatch, NotSeen, root } from "../kernel-watch.ts";
import { rows } from "./rows.ts";

/**
 * `number`: its row in rows.ts. `hooks`: the programs without which `check` fails. `check` performs the evasion and
 * asserts what is seen of it; it is called twice.
 */
export function evasion(
  number: number,
  what: string,
  hooks: readonly string[],
  watch: () => KernelWatch,
  check: (watch: KernelWatch) => Promise<void>,
): void {
  assert.ok(rows.some((row) => row.number === number));
  test(`${number}: ${what}`, () => check(watch()));
  test(`${number}: ${what} — not without ${hooks.join(", ")}`, async () => {
    const isMissing = (error: unknown) => error instanceof NotSeen || error instanceof AssertionError;
    await watch().without(hooks, () => assert.rejects(check(watch()), isMissing));
  });
}

const programs = join(root, "collector", "test", "evasions", "programs");

/** Compiles programs/NAME.c into the watch's folder, once; gives its path. */
export function built(watch: KernelWatch, name: string): string {
  const target = join(watch.folder, name);
  if (!existsSync(target)) {
    const flags = ["-O1", "-Wall", "-Werror", "-D_GNU_SOURCE", "-static", "-pthread", `-I${programs}`];
    execFileSync("clang", [...flags, join(programs, `${name}.c`), "-o", target]);
  }
  return target;
}

/** Runs programs/NAME.c to its end; a status other than 0 is an error of the test. */
export function perform(watch: KernelWatch, name: string, ...args: string[]) {
  const ran = watch.run(built(watch, name), args);
  if (ran.status !== 0) throw new Error(`${name} ${args.join(" ")}: ${ran.status} ${ran.stderr}`);
  return ran;
}

/** The events of everything drained so far, as the collector makes them: in the order in which it happened. */
export function eventsOf(watch: KernelWatch, paths = new CgroupPaths()): SyscallEvent[] {
  watch.drain();
  const maker = new EventMaker(
    new ProcessTable(new Counters()),
    new Containers(paths, new HostNames()),
    new BootClock(),
  );
  const events: SyscallEvent[] = [];
  for (const record of watch.records.toSorted((a, b) => a.bootUs - b.bootUs)) {
    if (record.kind === "cgroup_mkdir")
      paths.add(record.version, record.cgroupId, { path: record.path, seenMs: 0, madeBy: record.task.comm });
    const event = maker.make(record);
    if (event !== undefined && "pid" in event) events.push(event);
  }
  return events;
}
