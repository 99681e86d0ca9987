import { type PeopleStore, tokenIdChars } from "../auth/people-store.ts";
import type { SessionRow } from "../hub-core.ts";
import type { ReaderPool } from "../store/reader-pool.ts";
import type { WriterClient } from "../store/writer-client.ts";

export type ForgetSessions = (is: (session: SessionRow, secretHash: string) => boolean) => void;

/** People over the store's threads; `forget` drops what is remembered of sessions that end. */
export function peopleRecords(readers: ReaderPool, writer: WriterClient, forget: ForgetSessions): PeopleStore {
  /** Before the change is written, so that nobody slips through, and once more after. */
  async function ending<T>(is: Parameters<ForgetSessions>[0], change: () => Promise<T>): Promise<T> {
    forget(is);
    const done = await change();
    forget(is);
    return done;
  }
  const of = (workspaceId: string, user: string) => (session: SessionRow) =>
    session.workspaceId === workspaceId && session.user === user;
  return {
    accounts: (workspaceId) => readers.ask("accounts", { workspaceId }),
    deleteAccount: (workspaceId, user) =>
      ending(of(workspaceId, user), () => writer.write("deleteAccount", { workspaceId, user })),
    endSessions: (workspaceId, user) =>
      ending(of(workspaceId, user), () => writer.write("endSessions", { workspaceId, user })),
    tokens: (workspaceId, user) => readers.ask("tokens", { workspaceId, user }),
    deleteToken: (workspaceId, tokenId, user) =>
      ending(
        (_, hash) => hash.slice(0, tokenIdChars) === tokenId,
        () => writer.write("deleteToken", { workspaceId, tokenId, user }),
      ),
    workspaces: () => readers.ask("workspaces", {}),
    makeWorkspace: (workspaceId, first) => writer.write("makeWorkspace", { workspaceId, ...first }),
  };
}
