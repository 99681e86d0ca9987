import { join } from "node:path";
import type { ProgramState } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { cgroupRoot } from "./cgroup-root.ts";
import { kernelLimits } from "./kernel-limits.ts";
import { eventPrograms, type ProgramPlan, snapshotPrograms } from "./programs.ts";

export type Probed = { programs: ProgramState[]; snapshotProgram: string | undefined };

/** Loads every program alone; attaches nothing yet, so that no event comes before the filters are set. */
export function loadPrograms(addon: Addon, objectFolder: string): Probed {
  const programs = eventPrograms.map((plan) => load(addon, objectFolder, plan));
  for (const plan of snapshotPrograms) {
    const state = load(addon, objectFolder, plan);
    programs.push(state);
    if (state.loaded) return { programs, snapshotProgram: plan.program };
  }
  return { programs, snapshotProgram: undefined };
}

/** Attaches what has been loaded; says in each state how that went. */
export function attachPrograms(addon: Addon, programs: ProgramState[]): void {
  const plans = new Map([...eventPrograms, ...snapshotPrograms].map((plan) => [plan.program, plan]));
  for (const state of programs) {
    const plan = plans.get(state.name);
    if (plan === undefined || !state.loaded) continue;
    const outcome = attach(addon, plan);
    state.attached = outcome === "";
    if (outcome !== "") state.reason = reasonFrom(outcome);
  }
}

function load(addon: Addon, objectFolder: string, plan: ProgramPlan): ProgramState {
  const outcome = addon.load(join(objectFolder, `${plan.object}.bpf.o`), plan.program);
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
