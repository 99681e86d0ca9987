import type { SyncRequest } from "@atalaya/wire";
import { BackOff } from "@atalaya/wire/framing";
import type { ClaimDesk } from "./claim-desk.ts";
import type { Gate } from "./gate.ts";
import { type Answer, type HubLink, isStranger, jsonOf } from "./hub/hub-link.ts";
import type { IdentityKeeper } from "./identity/identity-keeper.ts";
import { limits } from "./limits.ts";
import type { PullDesk } from "./recorder/pull-desk.ts";
import { Sleeper } from "./sleeper.ts";
import type { StateKeeper } from "./state-keeper.ts";

type Report = SyncRequest["publisher"];
export type SyncParts = {
  link: HubLink;
  gate: Gate;
  keeper: IdentityKeeper;
  states: StateKeeper;
  claims: ClaimDesk;
  pulls: Pick<PullDesk, "take">;
  report: () => Report;
};

/**
 * Asks the hub for news and says how this publisher is, over and over: the hub holds the request for some seconds, and
 * answers at once when there is something new. What a collector confirms is told at once, beside the one that is held.
 */
export class SyncLoop {
  readonly #link: HubLink;
  readonly #gate: Gate;
  readonly #keeper: IdentityKeeper;
  readonly #states: StateKeeper;
  readonly #claims: ClaimDesk;
  readonly #pulls: Pick<PullDesk, "take">;
  readonly #report: () => Report;
  readonly #sleeper = new Sleeper();
  readonly #backOff = new BackOff(limits.backOff);
  #loop: Promise<void> = Promise.resolve();
  #telling = false;
  #answeredMs = Number.NEGATIVE_INFINITY;

  constructor({ link, gate, keeper, states, claims, pulls, report }: SyncParts) {
    this.#link = link;
    this.#gate = gate;
    this.#keeper = keeper;
    this.#states = states;
    this.#claims = claims;
    this.#pulls = pulls;
    this.#report = report;
    states.onConfirmed(() => void this.#tell());
    claims.onClaim(() => void this.#tell());
  }

  /** When the hub last answered a sync as it should, by `performance.now()`. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#sleeper.stop();
    await this.#loop;
  }

  /** The account at the end, told within a moment or not at all. */
  async lastWord(): Promise<void> {
    if (!this.#link.isTrusted) return;
    await Promise.race([this.#tell(), new Promise((done) => setTimeout(done, limits.lastWordMs).unref())]);
  }

  async #run(): Promise<void> {
    while (!this.#sleeper.isStopped) {
      if (!this.#link.isTrusted) {
        await this.#sleeper.sleep(limits.backOff.firstMs);
        continue;
      }
      const startMs = performance.now();
      await this.#once("sync", limits.syncHoldS);
      // A hub that answers at once every time must not make us spin.
      await this.#sleeper.sleep(startMs + limits.syncLeastMs - performance.now());
    }
  }

  async #tell(): Promise<void> {
    if (this.#telling || !this.#link.isTrusted) return;
    this.#telling = true;
    await this.#once("tell", 0);
    this.#telling = false;
  }

  async #once(user: "sync" | "tell", waitS: number): Promise<void> {
    const states = this.#states;
    const claims = this.#claims.waiting;
    const asked: SyncRequest = {
      publisher: this.#report(),
      confirmed: states.confirmed,
      holds: states.version,
      // Who claims waits for the answer.
      wait_s: claims.length > 0 ? 0 : waitS,
      ...(claims.length > 0 && { claims: claims.map(({ token }) => ({ token })) }),
    };
    const body = Buffer.from(JSON.stringify(asked));
    const headers = { "content-type": "application/json" };
    try {
      const answer = await this.#link.call(user, { method: "POST", path: "/v1/sync", headers, body });
      if (answer.status === 200 && claims.length > 0) this.#claims.answered(claims, jsonOf(answer.body)["claims"]);
      if (answer.status === 200) await this.#pulls.take(jsonOf(answer.body)["pulls"]);
      if (user === "sync") await this.#answered(answer);
    } catch (error) {
      if (isStranger(error)) this.#keeper.doubt("stranger");
      if (user === "sync") await this.#sleeper.sleep(this.#backOff.nextMs());
    }
  }

  async #answered(answer: Answer): Promise<void> {
    const { status, retryAfterMs, body } = answer;
    const reply = jsonOf(body);
    if (status === 200) {
      this.#answeredMs = performance.now();
      this.#backOff.reset();
      this.#keeper.trusted();
      await this.#states.takeState(reply["state"]);
      this.#gate.setRevoked(this.#states.isRevoked);
      if (this.#gate.isRevoked) await this.#sleeper.sleep(limits.revokedRetryMs);
      return;
    }
    if (reply["code"] === "CREDENTIAL_REVOKED") {
      this.#keeper.doubt("revoked");
      await this.#sleeper.sleep(limits.revokedRetryMs);
      return;
    }
    // A hub that knows no sync: the senders ask for themselves whether they may go on.
    if (status === 404) {
      await this.#sleeper.sleep(limits.revokedRetryMs);
      this.#gate.setRevoked(false);
      return;
    }
    await this.#sleeper.sleep(retryAfterMs ?? Math.max(limits.syncLeastMs, this.#backOff.nextMs()));
  }

  /** A new identity: what was refused before may be taken now. */
  wake(): void {
    this.#sleeper.wake();
  }
}
