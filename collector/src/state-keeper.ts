import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type CollectorReason,
  type DesiredState,
  openState,
  type Result,
  type SignedState,
  signedStateSchema,
} from "@atalaya/wire";
import { writeWhole } from "@atalaya/wire/files";
import { collectorLimits } from "./limits.ts";
import { readSmallFile } from "./small-file.ts";

export type StateKeeperOptions = {
  /** Where the state is kept; undefined: only in memory. */
  folder: string | undefined;
  /** The hub's CA certificate; it may come later, and change. */
  caFile: string | undefined;
  cluster: string;
  node: string;
  /** Something was counted: a `note` of ledger.ts. */
  note(reason: CollectorReason): void;
  log(line: string): void;
};

/**
 * The desired state of this node: taken only where the hub's CA signed it for this node and it is not older than the
 * one in force, and kept on disk, so that it is in force again at the next start without a hub.
 */
export class StateKeeper {
  readonly #options: StateKeeperOptions;
  #held: { signed: SignedState; version: number } | undefined;
  #everHeld = false;

  constructor(options: StateKeeperOptions) {
    this.#options = options;
  }

  /** True from the first state on that was ever kept here: then nothing unsigned is followed any more. */
  get refusesUnsigned(): boolean {
    return this.#everHeld;
  }

  /** The state that an earlier run kept, verified again; undefined where there is none that counts. */
  load(): DesiredState | undefined {
    const { folder } = this.#options;
    if (folder === undefined) return undefined;
    const signed = readKept(fileIn(folder));
    if (signed === undefined) return undefined;
    this.#everHeld = true;
    const state = signed === "unreadable" ? undefined : this.#open(signed, 0);
    if (signed !== "unreadable" && state?.ok) {
      this.#held = { signed, version: state.value.version };
      this.#tellOfParts(state.value);
      return state.value;
    }
    const why = state === undefined || state.ok ? "it is damaged" : state.reason;
    this.#options.note("state_unreadable");
    this.#options.log(`the kept state ${fileIn(folder)} is not in force (${why}); the hub's next one replaces it`);
    return undefined;
  }

  /** Takes a state from the socket, and keeps it. What is refused is counted, with the version that it claims to have. */
  take(signed: SignedState): Result<DesiredState> {
    const held = this.#held;
    const state = this.#open(signed, this.#versionInForce());
    if (!state.ok) {
      this.#options.note("state_refused");
      return state;
    }
    this.#held = { signed, version: state.value.version };
    this.#everHeld = true;
    if (held?.signed.state === signed.state) return state;
    this.#tellOfParts(state.value);
    this.#keep(signed);
    return state;
  }

  /** Parts that this version cannot read. That of a drift policy is the blocker's to tell. */
  #tellOfParts({ version, recorder, pod_labels }: DesiredState): void {
    const tell = (reason: CollectorReason, what: string) => {
      this.#options.note(reason);
      this.#options.log(
        `what state ${version} says of ${what} is not understood, and not followed; the rest is in force`,
      );
    };
    if (recorder === "not_understood") tell("recorder_not_understood", "the flight recorder");
    if (pod_labels === "not_understood") tell("labels_not_understood", "the labels of pods");
  }

  /** A state under a CA that is no longer the hub's does not hold off the first one of its successor. */
  #versionInForce(): number {
    if (this.#held === undefined) return 0;
    return this.#open(this.#held.signed, 0).ok ? this.#held.version : 0;
  }

  #open(signed: SignedState, version: number): Result<DesiredState> {
    const { caFile, cluster, node } = this.#options;
    const ca = caFile === undefined ? undefined : readCa(caFile);
    if (ca === undefined) {
      const where = caFile === undefined ? "none is given (--ca)" : `${caFile} cannot be read`;
      return { ok: false, code: "STATE_REFUSED", reason: `the hub's CA certificate is needed: ${where}` };
    }
    return openState(signed, ca, { cluster, node, version });
  }

  #keep(signed: SignedState): void {
    const { folder } = this.#options;
    if (folder === undefined) return;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeWhole(fileIn(folder), JSON.stringify(signed));
    } catch (error) {
      this.#options.note("state_unkept");
      const why = error instanceof Error ? error.message : String(error);
      this.#options.log(`the state is in force, and could not be kept for the next start: ${why}`);
    }
  }
}

/** The version that a state claims, for the answer to one that was refused. */
export function claimedVersion(signed: SignedState): number {
  const found = /"version":(\d{1,15})\b/.exec(signed.state.slice(0, 200));
  return found === null ? 0 : Number(found[1]);
}

function fileIn(folder: string): string {
  return join(folder, "desired-state.json");
}

function readCa(path: string): string | undefined {
  const file = readSmallFile(path, collectorLimits.caBytesMax, "followed");
  return "text" in file ? file.text : undefined;
}

/** The folder may be one that the publisher can write to, which is not root: nothing there makes us wait or lead away. */
function readKept(path: string): SignedState | "unreadable" | undefined {
  const file = readSmallFile(path, collectorLimits.keptStateBytesMax);
  if ("problem" in file) return file.problem === "missing" ? undefined : "unreadable";
  try {
    const read = signedStateSchema.safeParse(JSON.parse(file.text));
    return read.success ? read.data : "unreadable";
  } catch {
    return "unreadable";
  }
}
