import { z } from "zod";

/**
 * What the loaded rules need from the kernel; the rest never leaves it. The hub computes it from the rules
 * and sends it down in the reply to an ingest request; the collector writes it into BPF maps.
 */
export const filterPlanSchema = z.object({
  /** Grows with every change; a collector ignores a plan that is not newer. */
  version: z.number().int().nonnegative(),
  /** An open whose last path component is one of these is reported (also when refused). */
  open_names: z.array(z.string().min(1).max(255)).max(8192),
  /** An open for writing whose resolved path starts with one of these is reported. */
  write_prefixes: z.array(z.string().min(1).max(128)).max(64),
  /** A refused exec of one of these names is reported. */
  exec_names: z.array(z.string().min(1).max(255)).max(8192),
  /**
   * A question to a name server for one of these domains, or for a name below one, is reported; "." stands for every
   * question. Absent in what hubs of earlier versions send.
   */
  dns_domains: z.array(z.string().min(1).max(255)).max(16_384).default([]),
});
export type FilterPlan = z.infer<typeof filterPlanSchema>;
export const emptyFilterPlan: FilterPlan = {
  version: 0,
  open_names: [],
  write_prefixes: [],
  exec_names: [],
  dns_domains: [],
};
