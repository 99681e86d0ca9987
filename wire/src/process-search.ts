import * as z from "zod";
import { textSchema } from "./alert.ts";

const text = z.string().max(256).optional();

/** Filters as they stand in the address bar; repeated values separated by commas. */
export const processQuerySchema = z.object({
  /** The program's short name, as `ps` prints it. */
  name: text,
  /** Words, each in the name, the path or the command line; without regard to case. */
  q: text,
  /** A container's id or the beginning of one; `host` for processes outside containers. */
  container: text,
  /** `shop/web-1`, or the name alone: in the containers that the inventory last knew of such pods. */
  pod: z.string().max(512).optional(),
  cluster: text,
  node: text,
  /** The numeric user. */
  uid: z.string().max(64).optional(),
  since_us: z.coerce.number().optional(),
  until_us: z.coerce.number().optional(),
  /** `next_cursor` of the page before. */
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
});
export type ProcessQuery = z.infer<typeof processQuerySchema>;

/** One program that a process ran. */
export const foundProcessSchema = z.object({
  time_us: z.number(),
  cluster: z.string(),
  node: z.string(),
  boot_id: z.string(),
  pid: z.number(),
  start_us: z.number(),
  ppid: z.number(),
  name: z.string(),
  exe_path: z.string(),
  cmdline: z.string(),
  /** `host` outside containers, empty where it is not known. */
  container_id: z.string(),
  uid: z.number().optional(),
  origin: z.enum(["image", "added", "memory"]).optional(),
  /** It ran already when the sensor started. */
  from_snapshot: z.boolean().optional(),
  /** When the process ended; absent while it runs, and of a program that another took over from. */
  ended_us: z.number().optional(),
  alerts: z.array(z.object({ alert_id: z.string(), title: textSchema })).optional(),
});
export type FoundProcess = z.infer<typeof foundProcessSchema>;

export const processPageSchema = z.object({
  /** Newest first; fewer than asked for when the search was long: go on with `next_cursor`. */
  processes: z.array(foundProcessSchema),
  /** Everything after this time has been searched. */
  searched_to_us: z.number(),
  /** Absent when everything that is kept has been searched. */
  next_cursor: z.string().optional(),
});
export type ProcessPage = z.infer<typeof processPageSchema>;
