import type { Account, ListedToken, WorkspaceEntry } from "@atalaya/wire";
import type { AccountRow } from "../hub-core.ts";

/** Accounts, their tokens, and the workspaces that they belong to. */
export type PeopleStore = {
  /** By name, at most 1,000. */
  accounts(workspaceId: string): Promise<Account[]>;
  /** Removes an account with its sessions and tokens; false where there is none. */
  deleteAccount(workspaceId: string, user: string): Promise<boolean>;
  /** Ends every session and token of an account. */
  endSessions(workspaceId: string, user: string): Promise<void>;
  /** Tokens for the command line, newest first, at most 1,000: of one account, or of all. Never a secret. */
  tokens(workspaceId: string, user: string | undefined): Promise<ListedToken[]>;
  deleteToken(workspaceId: string, tokenId: string, user: string | undefined): Promise<boolean>;
  workspaces(): Promise<WorkspaceEntry[]>;
  /** Makes a workspace with its first account; false where it exists already. */
  makeWorkspace(workspaceId: string, first: AccountRow): Promise<boolean>;
};

/** What names a token in lists: the start of its secret's hash, which tells nothing of the secret. */
export const tokenIdChars = 16;
