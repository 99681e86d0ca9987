// Every bound of who may send an inventory. Units last.

export const inventoryLimits = {
  /** After a claim; the inventory claims again long before. */
  allowedUs: 86_400_000_000,
  /** How far ahead of the hub's clock an API server's may tell when its inventory started. */
  clockAheadUs: 60_000_000,
  /** For how long a publisher keeps a frame at most (its spool's age). */
  spooledUs: 7 * 86_400_000_000,
} as const;
