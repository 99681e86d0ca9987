// Every bound of the hub's certificates towards the cluster it runs in. Units last.

export const tlsLimits = {
  /** Somebody may have emptied the ConfigMap. */
  caLookMs: 600_000,
  caRetryMs: 2_000,
} as const;
