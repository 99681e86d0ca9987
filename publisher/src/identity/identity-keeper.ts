import { readText } from "@atalaya/wire/files";
import { BackOff, Fault } from "@atalaya/wire/framing";
import type { Gate } from "../gate.ts";
import { type HubLink, isStranger } from "../hub/hub-link.ts";
import { limits } from "../limits.ts";
import { OnceSayer } from "../once-sayer.ts";
import { Sleeper } from "../sleeper.ts";
import { accountOf } from "./account-of.ts";
import { certificateRequest, newKey } from "./csr.ts";
import type { Proof } from "./enrol.ts";
import { type Identity, type IdentityFacts, IdentityFiles, sha256Hex } from "./identity-files.ts";

export type IdentityOptions = {
  folder: string;
  node: string;
  cluster?: string | undefined;
  enrolTokenFile?: string | undefined;
  serviceAccountTokenFile?: string | undefined;
  /** The hub's CA: needed only with a service account's token, which does not carry its hash. */
  caFile?: string | undefined;
};

/**
 * Gets this node an identity and keeps it: enrols once, renews at half of the certificate's life, enrols again with a
 * new token when the old identity is worth nothing any more. Never ends; nothing that the hub says makes it give up.
 */
export class IdentityKeeper {
  readonly #options: IdentityOptions;
  readonly #link: HubLink;
  readonly #gate: Gate;
  readonly #files: IdentityFiles;
  readonly #onChange: (identity: Identity) => void;
  readonly #sayer: OnceSayer;
  readonly #sleeper = new Sleeper();
  readonly #backOff = new BackOff(limits.backOff);
  #identity: Identity | undefined;
  /** The hub does not know the identity any more, by what it said or by its CA. */
  #worthless = false;
  #loop: Promise<void> = Promise.resolve();

  /** Throws Fault DATA_UNWRITABLE; USAGE where there is neither an identity nor a way to get one. */
  constructor(
    options: IdentityOptions,
    link: HubLink,
    gate: Gate,
    onChange: (identity: Identity) => void,
    say: (line: string) => void,
  ) {
    this.#options = options;
    this.#link = link;
    this.#gate = gate;
    this.#onChange = onChange;
    this.#sayer = new OnceSayer(say);
    this.#files = new IdentityFiles(options.folder);
    const found = this.#files.read();
    if (found !== undefined && !this.#isOfAnotherAccount(found.facts)) this.#use(found);
    else if (options.enrolTokenFile === undefined && options.serviceAccountTokenFile === undefined) {
      throw new Fault(
        "USAGE",
        "This node is not enrolled: make a token with `atalaya enroll token` and name its file with --enroll-token.",
        { folder: options.folder },
      );
    }
  }

  /**
   * What a node may send is decided by the account that it enrols with: one that this pod no longer has (a node that
   * became one of the control plane) is worth nothing, and this node enrols anew before it sends anything.
   */
  #isOfAnotherAccount({ account }: IdentityFacts): boolean {
    const { serviceAccountTokenFile } = this.#options;
    const token = serviceAccountTokenFile === undefined ? undefined : readText(serviceAccountTokenFile);
    const own = token === undefined ? undefined : accountOf(token);
    return account !== undefined && own !== undefined && account !== own;
  }

  get facts(): IdentityFacts | undefined {
    return this.#identity?.facts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#sleeper.stop();
    await this.#loop;
  }

  /** The hub refused the identity, or is another one than it was: a new token, when one comes, is used at once. */
  doubt(why: "revoked" | "stranger" | "unknown"): void {
    if (!this.#worthless) this.#sleeper.wake();
    this.#worthless = true;
    if (why === "revoked") this.#gate.setRevoked(true);
    const advice = "to let it in again, put a new token of `atalaya enroll token` into the file of --enroll-token";
    if (why === "revoked") this.#sayer.say(`the hub revoked this node's certificate; frames wait on disk; ${advice}`);
    else if (why === "stranger")
      this.#sayer.say(
        `the hub at ${this.#link.url} has another CA than this node trusts; frames wait on disk; ${advice}`,
      );
    else this.#sayer.say(`the hub does not know this node's certificate; frames wait on disk; ${advice}`);
  }

  /** The hub took something of us. */
  trusted(): void {
    if (!this.#worthless) return;
    this.#worthless = false;
    this.#sayer.clear();
  }

  #use(identity: Identity): void {
    this.#identity = identity;
    this.#worthless = false;
    this.#link.use(identity);
    this.#gate.identified();
    this.#onChange(identity);
  }

  async #run(): Promise<void> {
    while (!this.#sleeper.isStopped) {
      const worthless = this.#worthless || this.#gate.isRevoked;
      const proof = this.#identity === undefined || worthless ? this.#proof() : undefined;
      if (proof !== undefined) await this.#tryTo("enrol", () => this.#enrol(proof));
      else if (this.#identity === undefined) await this.#waitForToken();
      else if (dueInMs(this.#identity.facts) <= 0) await this.#tryTo("renew", () => this.#renew());
      else await this.#sleeper.sleep(Math.min(limits.tokenLookMs, dueInMs(this.#identity.facts)));
    }
  }

  async #waitForToken(): Promise<void> {
    const file = this.#options.enrolTokenFile ?? this.#options.serviceAccountTokenFile;
    this.#sayer.say(`this node is not enrolled: waiting for a token in ${file}; frames wait on disk`);
    await this.#sleeper.sleep(limits.tokenLookMs);
  }

  /** A token that was not spent or refused before. */
  #proof(): Proof | undefined {
    const { enrolTokenFile, serviceAccountTokenFile, caFile } = this.#options;
    const token = enrolTokenFile === undefined ? undefined : readText(enrolTokenFile);
    if (token?.trim()) {
      const hash = sha256Hex(token.trim());
      if (hash !== this.#identity?.facts.spent && hash !== this.#refusedToken) return { kind: "token", text: token };
    }
    const account = serviceAccountTokenFile === undefined ? undefined : readText(serviceAccountTokenFile);
    const ca = (caFile === undefined ? undefined : readText(caFile)) ?? this.#identity?.ca;
    if (!account?.trim() || ca === undefined) return undefined;
    return sha256Hex(account.trim()) === this.#refusedToken
      ? undefined
      : { kind: "service_account", text: account, ca };
  }
  #refusedToken: string | undefined;

  async #enrol(proof: Proof): Promise<void> {
    const { node, cluster } = this.#options;
    const { enrol } = await import("./enrol.ts");
    const key = this.#files.nextKey(newKey);
    try {
      const issued = await enrol({ ...this.#way(), proof, csr: certificateRequest(key), node, cluster });
      this.#use(this.#files.take(issued));
      const { facts } = issued;
      this.#sayer.clear();
      this.#sayer.say(`enrolled as node ${facts.node} of cluster ${facts.cluster}`);
    } catch (error) {
      if (isRefusal(error)) this.#refusedToken = sha256Hex(proof.text.trim());
      throw error;
    }
  }

  #way() {
    const { url, proxy } = this.#link;
    return { url, proxy };
  }

  async #renew(): Promise<void> {
    const identity = this.#identity;
    if (identity === undefined) return;
    const { renew } = await import("./enrol.ts");
    const csr = certificateRequest(this.#files.nextKey(newKey));
    this.#use(this.#files.take(await renew(this.#link, csr, identity.facts)));
  }

  async #tryTo(what: "enrol" | "renew", work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#backOff.reset();
    } catch (error) {
      if (this.#sleeper.isStopped) return;
      this.#sayFailure(what, error);
      const told = error instanceof Fault ? Number(error.facts["retry_after_ms"] ?? 0) : 0;
      const least = what === "renew" ? limits.renewRetryMs : 0;
      await this.#sleeper.sleep(Math.max(told, least, this.#backOff.nextMs()));
    }
  }

  #sayFailure(what: "enrol" | "renew", error: unknown): void {
    const code = error instanceof Fault ? error.code : undefined;
    const why = error instanceof Error ? error.message : String(error);
    if (code === "CREDENTIAL_REVOKED") this.doubt("revoked");
    else if (what === "renew" && isStranger((error as Error).cause)) this.doubt("stranger");
    else if (what === "renew" && isRefusal(error)) this.doubt("unknown");
    else if (what === "renew") this.#sayer.say(`the certificate could not be renewed (${why}); trying again`);
    else if (isRefusal(error))
      this.#sayer.say(`the hub refused to enrol this node (${why}); frames wait on disk for a new token`);
    else this.#sayer.say(`this node could not enrol yet (${why}); trying again`);
  }
}

/**
 * Half of the life by this node's clock, from when the certificate came. A clock that was set back behind that moment,
 * or far ahead, makes it due at once: the hub decides by its own clock.
 */
function dueInMs({ issued_us, expires_us }: IdentityFacts, nowUs = Date.now() * 1_000): number {
  if (nowUs < issued_us - limits.clockBackUs) return 0;
  return (issued_us + (expires_us - issued_us) / 2 - nowUs) / 1_000;
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Fault)) return false;
  const status = Number(error.facts["status"] ?? 0);
  return error.code === "ENROL_REFUSED" || status === 400 || status === 401 || status === 403;
}
