import { join } from "node:path";
import type { ProgramState } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { cgroupRoot } from "./cgroup-root.ts";
import { kernelLimits } from "./kernel-limits.ts";
import type { PinnedSet } from "./pins.ts";
import { type ProgramPlan, programPlans } from "./programs.ts";

/**
 * Takes over every program that still runs from before, and loads the others; attaches nothing yet, so that no event comes
 * before the filters are set. To read an object and fit it to the kernel costs more than to load one program of it: those of
 * one object are loaded together, and alone only where the kernel refuses one of them.
 */
export function loadPrograms(addon: Addon, objectFolder: string, pinned?: PinnedSet): ProgramState[] {
  const states: ProgramState[] = [];
  const running = new Set<string>();
  const adopts = (program: string) => pinned?.adoptLink(program) === true;
  for (const { program, insteadOf } of programPlans) {
    if (insteadOf === undefined && adopts(program)) running.add(program);
  }
  const together = loadTogether(addon, objectFolder, running);
  for (const plan of programPlans) {
    const first = states.findIndex((state) => state.name === plan.insteadOf);
    if (states[first]?.loaded === true) continue;
    const runs = running.has(plan.program) || (plan.insteadOf !== undefined && adopts(plan.program));
    const state = runs
      ? { name: plan.program, loaded: true, attached: true }
      : together.has(plan.program)
        ? { name: plan.program, loaded: true, attached: false }
        : load(addon, objectFolder, plan);
    // What does the work of another takes its place: nothing is missing then. Where both fail, both reasons are told.
    if (state.loaded && first >= 0) states[first] = state;
    else states.push(state);
  }
  return states;
}

/** The names of those that were loaded; all of an object or none. Stand-ins are not among them. */
function loadTogether(addon: Addon, objectFolder: string, running: ReadonlySet<string>): Set<string> {
  const byObject = new Map<string, string[]>();
  for (const { object, program, insteadOf } of programPlans) {
    if (running.has(program) || insteadOf !== undefined) continue;
    byObject.set(object, [...(byObject.get(object) ?? []), program]);
  }
  const loaded = new Set<string>();
  for (const [object, programs] of byObject) {
    if (programs.length < 2 || addon.load(objectFile(objectFolder, object), programs.join(" ")) !== "") continue;
    for (const program of programs) loaded.add(program);
  }
  return loaded;
}

const objectFile = (folder: string, object: string): string => join(folder, `${object}.bpf.o`);

/** Attaches what has been loaded and does not run yet; says in each state how that went. Gives those that run now, each when it does. */
export function* attachPrograms(addon: Addon, states: ProgramState[]): Generator<ProgramState> {
  for (const plan of programPlans) {
    const state = states.find((one) => one.name === plan.program);
    if (state === undefined || !state.loaded || state.attached) continue;
    const outcome = attach(addon, plan);
    state.attached = outcome === "";
    if (outcome === "") yield state;
    else state.reason = reasonFrom(outcome);
  }
}

/** Whether all that brings events has been taken over. */
export function tookOver(states: readonly ProgramState[]): boolean {
  const events = states.filter((state) => state.loaded && !isIterator(state.name));
  return events.length > 0 && events.every((state) => state.attached);
}

/** The task iterator that is attached, if one is. */
export function iteratorOf(states: readonly ProgramState[]): string | undefined {
  const isAttached = (name: string): boolean => states.some((state) => state.name === name && state.attached);
  return programPlans.find((plan) => plan.attachment === "iterator" && isAttached(plan.program))?.program;
}

/** True when a program other than the iterators has got so far. */
export function bringsEvents(states: readonly ProgramState[], step: "loaded" | "attached"): boolean {
  return states.some((state) => state[step] && !isIterator(state.name));
}

function isIterator(name: string): boolean {
  return programPlans.some((plan) => plan.program === name && plan.attachment === "iterator");
}

/** Takes a program that this process attached off its hook, or puts it back. Throws where the kernel refuses. */
export function switchHook(addon: Addon, name: string, isOn: boolean): void {
  const plan = programPlans.find((one) => one.program === name);
  const outcome = plan === undefined ? "ENOENT" : isOn ? attach(addon, plan) : addon.detach(name);
  if (outcome !== "") throw new Error(`${name} cannot be switched: ${reasonFrom(outcome)}`);
}

function load(addon: Addon, objectFolder: string, plan: ProgramPlan): ProgramState {
  const outcome = addon.load(objectFile(objectFolder, plan.object), plan.program);
  if (outcome === "") return { name: plan.program, loaded: true, attached: false };
  return { name: plan.program, loaded: false, attached: false, reason: reasonFrom(outcome) };
}

function attach(addon: Addon, { program, attachment }: ProgramPlan): string {
  if (attachment === "tracing" || attachment === "iterator") return addon.attach(program);
  if (attachment !== "cgroup") return addon.attachTracepoint(program, attachment.tracepoint);
  const root = cgroupRoot();
  return root === undefined ? "ENOENT\nno cgroup v2 hierarchy is mounted" : addon.attachCgroup(program, root);
}

/** The error's name and what says most of the log: libbpf's sentences, and the verifier's last lines. */
export function reasonFrom(outcome: string): string {
  const [error = "", ...lines] = outcome.split("\n").map((line) => line.trim());
  const telling = lines.filter(
    (line) => line !== "" && !/^(mark_precise|from \d+ to|processed \d+|verification time|stack depth|--)/.test(line),
  );
  const text = [error, ...telling.slice(-8)].filter((line) => line !== "").join("; ");
  if (text.length <= kernelLimits.reasonCharactersMax) return text;
  return `${error}; …${text.slice(error.length - kernelLimits.reasonCharactersMax + 3)}`;
}
