import { limits } from "@atalaya/wire";

// Every bound of replay. Units last.

export const replayLimits = {
  /** One line: an EventList as an API server posts it, or one event. A longer one is refused and skipped. */
  lineBytesMax: limits.auditBodyBytesMax,
  /** One `--rules` file; the rules package refuses above its own bound with a place. */
  ruleFileBytesMax: 8 * 1024 * 1024,
  /** Alerts are written in blocks of about this size. */
  writeBytes: 64 * 1024,
} as const;
