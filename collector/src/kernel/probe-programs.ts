import { join } from "node:path";
import type { ProgramState } from "@atalaya/wire";
import type { Addon } from "./addon.ts";
import { cgroupRoot } from "./cgroup-root.ts";
import type { FunctionHooks } from "./function-hooks.ts";
import { kernelLimits } from "./kernel-limits.ts";
import type { MissedRuns } from "./missed-runs.ts";
import type { PinnedSet } from "./pins.ts";
import { type ProgramPlan, programPlans } from "./programs.ts";
import { reasonFrom } from "./reason.ts";

/** A program and its stand-ins, of which one does the work; what became of those that were tried. */
type Place = { plans: readonly ProgramPlan[]; isAsked: boolean; tried: ProgramState[]; isTakenOver: boolean };

/**
 * The programs of this kernel: those that somebody asks for hang where they belong, the others nowhere (docs/decisions/0023).
 * The words that ask are those of asked-words.ts.
 */
export class KernelPrograms {
  readonly #addon: Addon;
  readonly #objectFolder: string;
  readonly #places: readonly Place[];
  /** Programs that cannot hang, or are not to. */
  readonly leftOut: readonly string[];

  constructor(addon: Addon, objectFolder: string, hooks: FunctionHooks) {
    this.#addon = addon;
    this.#objectFolder = objectFolder;
    const here = programPlans.filter((plan) => canHang(plan, hooks));
    const firsts = here.filter(({ insteadOf, ratherThan }) => insteadOf === undefined && ratherThan === undefined);
    this.#places = firsts.map((first) => ({
      plans: [
        ...here.filter((plan) => plan.ratherThan === first.program),
        first,
        ...here.filter((plan) => plan.insteadOf === first.program),
      ],
      isAsked: first.askedBy === undefined,
      tried: [],
      isTakenOver: false,
    }));
    this.leftOut = programPlans.filter((plan) => !here.includes(plan)).map(({ program }) => program);
  }

  /** What does the work of another takes its place: nothing is missing then. Where both fail, both reasons are told. */
  get states(): readonly ProgramState[] {
    return this.#places.flatMap(({ plans, isAsked, tried }) => {
      if (isAsked) return tried;
      const state = tried.find((one) => one.loaded) ?? { name: nameOf(plans), loaded: false, attached: false };
      return [{ ...state, unasked: true }];
    });
  }

  /** Takes over every program that still runs from before, whoever asks for it now. */
  adopt(pinned: PinnedSet): void {
    for (const place of this.#places) {
      const running = place.plans.find(({ program }) => pinned.adoptLink(program));
      if (running === undefined) continue;
      place.tried = [{ name: running.program, loaded: true, attached: true }];
      place.isTakenOver = true;
    }
  }

  /**
   * Loads what these words ask for; attaches nothing yet, so that no event comes before the filters are set. To read an object
   * and fit it to the kernel costs more than to load one program of it: those of one object are loaded together, and alone
   * only where the kernel refuses one of them. What it refused is not tried again while it is asked for.
   */
  load(words: ReadonlySet<string>): void {
    while (!this.#loadMore(words, this.#places.length)) {
      // Object by object.
    }
    for (const place of this.#places) if (isAskedBy(place, words)) place.isAsked = true;
  }

  /** Loads a few of those before somebody asks; true when `load` would find all of them loaded. */
  prepare(words: ReadonlySet<string>): boolean {
    return this.#loadMore(words, kernelLimits.loadedAtOnce);
  }

  #loadMore(words: ReadonlySet<string>, atMost: number): boolean {
    const missing = this.#places.filter((place) => isAskedBy(place, words) && place.tried.length === 0);
    const [first] = missing;
    if (first === undefined) return true;
    const some = missing.filter((place) => objectOf(place) === objectOf(first)).slice(0, atMost);
    this.#loadSome(objectOf(first), some);
    return some.length === missing.length;
  }

  /** Attaches what is loaded, asked for and does not run yet; says in each state how that went. Gives those that run now, each when it does. */
  *attach(): Generator<ProgramState> {
    for (const place of this.#places) {
      if (!place.isAsked) continue;
      const state = this.#attachOne(place);
      if (state?.attached === true) yield state;
    }
  }

  /** What cannot hang at a function after all makes way for what hangs elsewhere. Undefined where there was nothing to attach. */
  #attachOne(place: Place): ProgramState | undefined {
    const state = place.tried.find((one) => one.loaded && !one.attached);
    const at = place.plans.findIndex((one) => one.program === state?.name);
    const plan = place.plans[at];
    if (state === undefined || plan === undefined) return undefined;
    const outcome = attach(this.#addon, plan);
    state.attached = outcome === "";
    if (outcome === "") delete state.reason;
    else state.reason = reasonFrom(outcome);
    const others = place.plans.slice(at + 1);
    if (state.attached || plan.attachment !== "function" || others.length === 0) return state;
    place.tried = this.#loadAlone(others);
    return this.#attachOne(place);
  }

  /** From now on only what these words ask for is; what hangs beside it goes with `takeOff`. */
  forget(words: ReadonlySet<string>): void {
    for (const place of this.#places) {
      place.isAsked = isAskedBy(place, words);
      // What the kernel refused is tried again when it is asked for again.
      if (!place.isAsked) place.tried = place.tried.filter((one) => one.loaded);
    }
  }

  /**
   * Takes one program that nobody asks for off its hook (the kernel waits some 50 ms for whoever is in it); true when none is
   * left. What this process loaded stays loaded, so that it is back at once. `unpin` removes the pin of a link first; false
   * where it cannot: then the program hangs on, and says so.
   */
  takeOff(unpin: (program: string) => boolean): boolean {
    const hangs = (place: Place) => !place.isAsked && place.tried.some((one) => one.attached && !isStuck(one));
    const place = this.#places.find(hangs);
    const state = place?.tried.find((one) => one.attached);
    if (place === undefined || state === undefined) return true;
    const outcome = unpin(state.name) ? this.#addon.detach(state.name) : "EBUSY\nits pin cannot be removed";
    if (outcome !== "") {
      state.reason = `${stuck}: ${reasonFrom(outcome)}`;
      return false;
    }
    place.tried = place.isTakenOver ? [] : [{ name: state.name, loaded: true, attached: false }];
    place.isTakenOver = false;
    return false;
  }

  /**
   * What somebody else took off its hook: it is loaded and not attached then, so that `attach` puts it back. `unpin` as in
   * takeOff.
   */
  takenOff(unpin: (program: string) => boolean): string[] {
    const names: string[] = [];
    for (const place of this.#places) {
      const state = place.tried.find((one) => one.attached);
      if (state === undefined || !this.#addon.hangs(state.name).startsWith("ENOLINK")) continue;
      names.push(state.name);
      if (!unpin(state.name) || this.#addon.detach(state.name) !== "") continue;
      place.tried = place.isTakenOver ? [] : [{ name: state.name, loaded: true, attached: false }];
      if (place.isTakenOver && place.isAsked) place.tried = this.#loadAlone(place.plans);
      place.isTakenOver = false;
    }
    return names;
  }

  /** Asks the kernel how often it left out each of those that hang; the states tell it. */
  lookForMissed(missed: MissedRuns): void {
    for (const { plans, tried } of this.#places) {
      const state = tried.find((one) => one.attached);
      const plan = plans.find(({ program }) => program === state?.name);
      if (state === undefined || plan === undefined) continue;
      const count = missed.look(plan.program, plan.object);
      if (count > 0) state.missed = count;
    }
  }

  /** Whether all that brings events and that these words ask for has been taken over. */
  tookOver(words: ReadonlySet<string>): boolean {
    const asked = this.#places.filter((place) => isAskedBy(place, words)).flatMap(({ tried }) => tried);
    const events = asked.filter((state) => state.loaded && !isIterator(state.name));
    return events.length > 0 && events.every((state) => state.attached);
  }

  /** The task iterator that is attached, if one is. */
  get iterator(): string | undefined {
    return this.states.find((state) => state.attached && isIterator(state.name))?.name;
  }

  /** True when a program other than the iterators has got so far. */
  bringEvents(step: "loaded" | "attached"): boolean {
    return this.states.some((state) => state[step] && !isIterator(state.name));
  }

  /** Takes a program that hangs off its hook, or puts it back; the states do not tell it. Throws where the kernel refuses. */
  switchHook(name: string, isOn: boolean): void {
    const plan = programPlans.find((one) => one.program === name);
    const outcome = plan === undefined ? "ENOENT" : isOn ? attach(this.#addon, plan) : this.#addon.detach(name);
    if (outcome !== "") throw new Error(`${name} cannot be switched: ${reasonFrom(outcome)}`);
  }

  #loadSome(object: string, places: readonly Place[]): void {
    const names = places.map(({ plans }) => nameOf(plans));
    const isTogether = names.length > 1 && this.#addon.load(this.#objectFile(object), names.join(" ")) === "";
    for (const place of places)
      place.tried = isTogether
        ? [{ name: nameOf(place.plans), loaded: true, attached: false }]
        : this.#loadAlone(place.plans);
  }

  #loadAlone(plans: readonly ProgramPlan[]): ProgramState[] {
    const failed: ProgramState[] = [];
    for (const { object, program } of plans) {
      const outcome = this.#addon.load(this.#objectFile(object), program);
      if (outcome === "") return [{ name: program, loaded: true, attached: false }];
      failed.push({ name: program, loaded: false, attached: false, reason: reasonFrom(outcome) });
    }
    return failed;
  }

  #objectFile(object: string): string {
    return join(this.#objectFolder, `${object}.bpf.o`);
  }
}

const nameOf = (plans: readonly ProgramPlan[]): string => plans[0]?.program ?? "";

const objectOf = ({ plans }: Place): string => plans[0]?.object ?? "";

const stuck = "nobody asks for it, but it cannot be taken off";
const isStuck = ({ reason }: ProgramState): boolean => reason?.startsWith(stuck) === true;

function isAskedBy({ plans }: Place, words: ReadonlySet<string>): boolean {
  const askedBy = plans[0]?.askedBy;
  return askedBy === undefined || askedBy.some((word) => words.has(word));
}

/** Those of the kernel's functions only where it lets them hang there. */
function canHang({ attachment, is32Bit }: ProgramPlan, hooks: FunctionHooks): boolean {
  return attachment !== "function" || (is32Bit === true ? hooks.of32Bit : hooks.native) === "";
}

function isIterator(name: string): boolean {
  return programPlans.some((plan) => plan.program === name && plan.attachment === "iterator");
}

function attach(addon: Addon, { program, attachment }: ProgramPlan): string {
  if (typeof attachment === "object") return addon.attachTracepoint(program, attachment.tracepoint);
  if (attachment !== "cgroup") return addon.attach(program);
  const root = cgroupRoot();
  return root === undefined ? "ENOENT\nno cgroup v2 hierarchy is mounted" : addon.attachCgroup(program, root);
}
