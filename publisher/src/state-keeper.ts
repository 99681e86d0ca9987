import { join } from "node:path";
import { readText, writeWhole } from "@atalaya/wire/files";
import { encodeMessage, messageKinds } from "@atalaya/wire/framing";
import type { Gate } from "./gate.ts";
import type { Identity } from "./identity/identity-files.ts";

type Signed = { state: string; signature: string };
export type Confirmation = { version: number; refused?: string };

/**
 * What the hub wants of this node: verified, handed to the collectors, kept on disk for those that come later, also
 * without a hub. Until a hub that signs has answered, its plain filter plan stands in.
 */
export class StateKeeper {
  readonly #path: string;
  readonly #planPath: string;
  readonly #gate: Gate;
  readonly #broadcast: (message: Buffer) => void;
  readonly #say: (line: string) => void;
  #identity: Identity | undefined;
  #held: Signed | undefined;
  #version = 0;
  #revoked = false;
  #plan: string | undefined;
  #lastSeen: string | undefined;
  #confirmed: Confirmation | null = null;
  #onConfirmed: () => void = () => {};

  constructor(folder: string, gate: Gate, broadcast: (message: Buffer) => void, say: (line: string) => void) {
    this.#path = join(folder, "state.json");
    this.#planPath = join(folder, "filters.json");
    this.#gate = gate;
    this.#broadcast = broadcast;
    this.#say = say;
  }

  /** The version that the collectors were told; 0 for none. */
  get version(): number {
    return this.#version;
  }

  /** What the state in force says; a hub that takes nothing of us says it by itself. */
  get isRevoked(): boolean {
    return this.#revoked;
  }

  /** What was answered last: by a collector, or by us where a state was not even handed on. */
  get confirmed(): Confirmation | null {
    return this.#confirmed;
  }

  onConfirmed(listener: () => void): void {
    this.#onConfirmed = listener;
  }

  /** The last good one of an earlier process. A state of another CA or node says nothing to this one. */
  async open(identity: Identity | undefined): Promise<void> {
    this.#plan = readText(this.#planPath);
    if (identity !== undefined) await this.identified(identity);
  }

  async identified(identity: Identity): Promise<void> {
    const before = this.#identity;
    this.#identity = identity;
    // A new certificate was not revoked yet, whatever the state in force says of the one before.
    this.#revoked = false;
    if (before !== undefined && before.ca === identity.ca && before.facts.node === identity.facts.node) return;
    [this.#held, this.#version, this.#revoked, this.#lastSeen] = [undefined, 0, false, undefined];
    const kept = readText(this.#path);
    if (kept !== undefined) await this.#takeText(kept, false);
  }

  /** Messages for a collector that connects. */
  greeting(): Buffer[] {
    if (this.#held !== undefined) return [message("state", JSON.stringify(this.#held))];
    return this.#plan === undefined ? [] : [message("filters", this.#plan)];
  }

  /** What the hub's answer carried under `state`. */
  async takeState(state: unknown): Promise<void> {
    if (state !== undefined) await this.#takeText(JSON.stringify(state), true);
  }

  async #takeText(text: string, isNew: boolean): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined || text === this.#lastSeen) return;
    this.#lastSeen = text;
    const { openState, signedStateSchema } = await import("@atalaya/wire");
    const signed = signedStateSchema.safeParse(parsed(text));
    const { cluster, node } = identity.facts;
    const opened = signed.success
      ? openState(signed.data, identity.ca, { cluster, node, version: this.#version })
      : ({ ok: false, reason: "it does not have the documented shape" } as const);
    if (!opened.ok || !signed.success) {
      if (!opened.ok && isNew) this.#refused(opened.reason);
      return;
    }
    [this.#held, this.#version] = [signed.data, opened.value.version];
    if (isNew) this.#keep(this.#path, JSON.stringify(signed.data));
    this.#revoked = opened.value.revoked;
    this.#gate.setRevoked(this.#revoked);
    this.#broadcast(message("state", JSON.stringify(signed.data)));
  }

  #refused(reason: string): void {
    this.#say(`a desired state was refused: ${reason}`);
    this.#confirmed = { version: this.#version, refused: reason.slice(0, 512) };
    this.#onConfirmed();
  }

  /** A hub that does not sign yet. A hub that was set up anew counts versions from the start: what it says decides. */
  async takePlan(plan: unknown): Promise<void> {
    if (plan === undefined || this.#held !== undefined) return;
    const text = JSON.stringify(plan);
    if (text === this.#plan) return;
    const { filterPlanSchema } = await import("@atalaya/wire");
    if (!filterPlanSchema.safeParse(plan).success) return;
    this.#plan = text;
    this.#broadcast(message("filters", text));
    this.#keep(this.#planPath, text);
  }

  /** A collector's answer, as it came up the socket. */
  async takeConfirmation(payload: Buffer): Promise<void> {
    const { stateConfirmationSchema } = await import("@atalaya/wire");
    const confirmation = stateConfirmationSchema.safeParse(parsed(payload.toString("utf8")));
    if (!confirmation.success) return;
    const { version, refused } = confirmation.data;
    this.#confirmed = refused === undefined ? { version } : { version, refused };
    this.#onConfirmed();
  }

  #keep(path: string, text: string): void {
    try {
      writeWhole(path, text);
    } catch (error) {
      this.#say(`the desired state is in force but could not be kept on disk (${(error as Error).message})`);
    }
  }
}

function message(kind: "state" | "filters", text: string): Buffer {
  return encodeMessage(messageKinds[kind], Buffer.from(text));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
