import type { ApiChange, ApiChangePage } from "@atalaya/wire";

/** A change as it is written down; its number is given by the store. */
export type ChangeRow = Omit<ApiChange, "change_id"> & { workspaceId: string };
export type ChangeQuery = { after?: string | undefined; limit?: number | undefined };

/** The audit log of the API: only ever appended, and bounded. */
export type ChangeStore = {
  add(rows: readonly ChangeRow[]): Promise<void>;
  /** Newest first. */
  page(workspaceId: string, query: ChangeQuery): Promise<ApiChangePage>;
};
