// Every bound of who may send an inventory. Units last.

export const inventoryLimits = {
  /** After a claim; the inventory claims again long before. */
  allowedUs: 86_400_000_000,
} as const;
