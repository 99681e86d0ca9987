import * as z from "zod";

const portSchema = z.number().int().min(0).max(65_535);

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
  /** An open whose last path component ends with one of these is reported (also when refused). */
  open_suffixes: z.array(z.string().min(1).max(32)).max(256).default([]),
  /** An open, for reading too, whose resolved path starts with one of these is reported; "/" stands for every open. */
  open_prefixes: z.array(z.string().min(1).max(128)).max(64).default([]),
  /** Every open or start of a program that was refused is reported, whatever its name. */
  refused_opens: z.boolean().default(false),
  refused_execs: z.boolean().default(false),
  /**
   * The destination ports of connections and datagrams that are reported; null: all. A connection to a name server (TCP,
   * port 53) is reported while connections or questions are asked for: its questions are told apart by it.
   */
  connect_ports: z.array(portSchema).max(512).nullable().default(null),
  send_ports: z.array(portSchema).max(512).nullable().default(null),
  /** `class.activity` of the events that nobody asks for. What a sensor does not know of, or needs itself, goes on. */
  unasked: z.array(z.string().min(1).max(64)).max(128).default([]),
  /**
   * `class.activity` of the events that everybody who asks for them asks of containers alone: what is surely the host's is
   * kept back. A connection to a socket that is a file goes by `network.unix_connect`.
   */
  containers_only: z.array(z.string().min(1).max(64)).max(128).default([]),
  /** Kinds of records that nobody gets unasked: `dup`, `bind`, `listen`, ... Those that a collector does not know it ignores. */
  calls: z.array(z.string().min(1).max(32)).max(64).default([]),
  /** Changes of names and modes (`rename`, `chmod`, ...) that are reported where one of the three lists below names what is changed; in `calls` they are reported whatever they change. */
  listed_changes: z.array(z.string().min(1).max(32)).max(64).default([]),
  /** By the last component of one of the two paths, by its end, or by how a path starts. */
  change_names: z.array(z.string().min(1).max(255)).max(4096).default([]),
  change_suffixes: z.array(z.string().min(1).max(32)).max(256).default([]),
  change_prefixes: z.array(z.string().min(1).max(128)).max(64).default([]),
  /** A connection to a socket that is a file of one of these names is reported, also where `calls` does not hold `unix_connect`. */
  socket_names: z.array(z.string().min(1).max(255)).max(8192).default([]),
});
/** Words of a plan's `calls` that are no kinds of records: what the collector, not the kernel, adds to events. */
export const addedWords = { containerMounts: "container_mounts", resolvedNames: "resolved_names" } as const;
export type FilterPlan = z.infer<typeof filterPlanSchema>;
export const emptyFilterPlan: FilterPlan = {
  version: 0,
  open_names: [],
  write_prefixes: [],
  exec_names: [],
  dns_domains: [],
  open_suffixes: [],
  open_prefixes: [],
  refused_opens: false,
  refused_execs: false,
  connect_ports: null,
  send_ports: null,
  unasked: [],
  containers_only: [],
  calls: [],
  listed_changes: [],
  change_names: [],
  change_suffixes: [],
  change_prefixes: [],
  socket_names: [],
};

const askingRuleSchema = z.object({ rule: z.string(), file: z.string(), line: z.number().int() });
export type AskingRule = z.infer<typeof askingRuleSchema>;

/** The plan with the reasons: which rule asks for what, and which could not be told more narrowly. */
export const explainedPlanSchema = z.object({
  plan: filterPlanSchema,
  entries: z.array(
    z.object({
      /** The plan's list that the entry stands in; `event_types` for the kinds of events themselves. */
      list: z.string(),
      value: z.string(),
      rules: z.array(askingRuleSchema),
    }),
  ),
  widened: z.array(
    z.object({
      ...askingRuleSchema.shape,
      /** `every open`, `every refused start`, …: what the rule asks for as a whole. */
      asks: z.string(),
      because: z.string(),
    }),
  ),
});
export type ExplainedPlan = z.infer<typeof explainedPlanSchema>;
