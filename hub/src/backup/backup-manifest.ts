import * as z from "zod";

// A backup is a tar (ustar) packed with zstd, that `tar --zstd -xf` opens:
//
//     manifest.json             what follows, with the SHA-256 of each file
//     hub/hub.sqlite            state and alerts
//     hub/events-20260131.sqlite ...   process history, a file a day
//     hub/ca.pem, hub/ca.key, hub/server.pem, ...   the hub's other files: its authority, so that sensors go on

export const backupFormat = 1;
export const manifestName = "manifest.json";
/** The only names that a backup may hold: nothing outside the hub's folder, no hidden file. */
export const backupFileName = /^hub\/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

export const backupManifestSchema = z.object({
  format: z.number().int(),
  /** Of the program that made it. */
  version: z.string(),
  made_us: z.number().int(),
  files: z
    .array(
      z.object({
        name: z.string().regex(backupFileName),
        bytes: z.number().int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(10_000),
});
export type BackupManifest = z.infer<typeof backupManifestSchema>;
