import * as z from "zod";

// Who may use the hub: accounts of a workspace, and the tokens that they made for the command line.

export const roleSchema = z.enum(["viewer", "analyst", "admin"]);
/** Lower-case letters, digits and dashes, as a DNS label. */
export const workspaceNameSchema = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

export const listedTokenSchema = z.object({
  token_id: z.string(),
  name: z.string(),
  user: z.string(),
  /** What the token may do: the account's role, or the narrower scope that it was made with. */
  role: roleSchema,
  created_us: z.number(),
  expires_us: z.number(),
});
export type ListedToken = z.infer<typeof listedTokenSchema>;

export const accountSchema = z.object({ user: z.string(), role: roleSchema });
export type Account = z.infer<typeof accountSchema>;
export const accountRequestSchema = z.object({
  user: z.string().regex(/^[\w.@+-]{1,128}$/, "letters, digits and . @ + - _"),
  role: roleSchema,
});
/** The answer that made an account: its password is told here and never again. */
export const madeAccountSchema = accountSchema.extend({ password: z.string() });

export const workspaceSchema = z.object({ workspace: z.string(), accounts: z.number().int() });
export type WorkspaceEntry = z.infer<typeof workspaceSchema>;
export const workspaceRequestSchema = z.object({ workspace: workspaceNameSchema });
/** The answer that made a workspace, with its first account. */
export const madeWorkspaceSchema = madeAccountSchema.extend({ workspace: z.string() });
