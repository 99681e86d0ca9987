import { type AuditCredential, Fault } from "@atalaya/wire";
import type { AccountRow, SenderIdentity, SessionRow } from "../hub-core.ts";
import type { ReaderPool } from "../store/reader-pool.ts";
import type { CredentialRow } from "../store/state-writes.ts";
import type { WriterClient } from "../store/writer-client.ts";
import { pipelineLimits, storeLimits } from "./limits.ts";
import { Remembered } from "./remembered.ts";

type KnownCredential = SenderIdentity & { use: string; usedUs: number };

/** Accounts, sessions and credentials. Sessions and credentials are asked for with every request, and remembered. */
export class AccessRecords {
  readonly #readers: ReaderPool;
  readonly #writer: WriterClient;
  readonly #sessions = new Remembered<SessionRow>();
  readonly #credentials = new Remembered<KnownCredential>();
  /** Sessions that a full disk did not take: people can still sign in and read. They end with the hub. */
  readonly #unwritten = new Map<string, SessionRow>();
  readonly #failed: (error: unknown) => void;

  /** `failed` is told when the time of a credential's last use could not be written. */
  constructor(readers: ReaderPool, writer: WriterClient, failed: (error: unknown) => void) {
    this.#readers = readers;
    this.#writer = writer;
    this.#failed = failed;
  }

  account(workspaceId: string, user: string): Promise<AccountRow | undefined> {
    return this.#readers.ask("account", { workspaceId, user });
  }

  async putAccount(workspaceId: string, account: AccountRow): Promise<void> {
    await this.#writer.write("putAccount", { workspaceId, ...account });
  }

  async putSession(secretHash: string, session: SessionRow, kind: "browser" | "token", name: string): Promise<void> {
    try {
      await this.#writer.write("putSession", { ...session, secretHash, kind, name });
    } catch (error) {
      if (kind !== "browser" || !(error instanceof Fault) || error.code !== "STORE_FULL") throw error;
      if (this.#unwritten.size >= storeLimits.unwrittenSessionsMax) throw error;
      this.#unwritten.set(secretHash, session);
    }
    this.#sessions.forget((_, key) => key === secretHash);
  }

  forgetSessions(is: (session: SessionRow, secretHash: string) => boolean): void {
    this.#sessions.forget(is);
  }

  /** Undefined for an unknown or expired session. */
  async session(secretHash: string): Promise<SessionRow | undefined> {
    const unwritten = this.#unwritten.get(secretHash);
    const session =
      unwritten ?? (await this.#sessions.get(secretHash, () => this.#readers.ask("session", { secretHash })));
    return session !== undefined && session.expiresUs > Date.now() * 1_000 ? session : undefined;
  }

  async deleteSession(secretHash: string): Promise<void> {
    this.#sessions.forget((_, key) => key === secretHash);
    if (this.#unwritten.delete(secretHash)) return;
    await this.#writer.write("deleteSession", secretHash);
    this.#sessions.forget((_, key) => key === secretHash);
  }

  async putCredential(secretHash: string, row: CredentialRow): Promise<void> {
    await this.#writer.write("putCredential", { ...row, secretHash });
    const same = (known: KnownCredential) =>
      known.workspaceId === row.workspaceId && known.credentialId === row.credentialId;
    this.#credentials.forget((known, key) => key === secretHash || same(known));
  }

  async credential(secretHash: string, use: "sensor" | "audit"): Promise<SenderIdentity | undefined> {
    const known = await this.#credentials.get(secretHash, async () => {
      const row = await this.#readers.ask("credential", { secretHash });
      return row === undefined ? undefined : { ...row, usedUs: 0 };
    });
    if (known === undefined || known.use !== use) return undefined;
    this.#used(known);
    const { workspaceId, credentialId, cluster, node, mayAudit } = known;
    return { workspaceId, credentialId, cluster, node, mayAudit };
  }

  #used(known: KnownCredential): void {
    const timeUs = Date.now() * 1_000;
    if (timeUs - known.usedUs < pipelineLimits.credentialUsedUs) return;
    known.usedUs = timeUs;
    const { workspaceId, credentialId } = known;
    this.#writer.write("usedCredential", { workspaceId, credentialId, timeUs }).catch(this.#failed);
  }

  auditCredentials(workspaceId: string): Promise<AuditCredential[]> {
    return this.#readers.ask("auditCredentials", { workspaceId });
  }

  async revokeCredential(workspaceId: string, credentialId: string): Promise<boolean> {
    const one = (known: KnownCredential) => known.workspaceId === workspaceId && known.credentialId === credentialId;
    this.#credentials.forget(one);
    const revoked = await this.#writer.write("revokeCredential", { workspaceId, credentialId });
    this.#credentials.forget(one);
    return revoked;
  }
}
