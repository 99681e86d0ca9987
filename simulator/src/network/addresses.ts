// The whole of the simulation's network. It exists only inside the run's own namespace, so two runs never meet.

export const addresses = {
  /** Stands for the API server; its network is what the port scan walks through. */
  kubernetes: "10.99.7.1",
  attacker: "10.99.7.2",
  victim: "10.99.7.3",
  /** The whole network answers for itself on the loopback device: nothing can leave. */
  network: "10.99.7.1/24",
  /** Where the clouds' metadata services really are. */
  metadata: "169.254.169.254",
} as const;

/** /etc/hosts of every container: the only name service that there is. */
export const hostsFile = `127.0.0.1 localhost
${addresses.kubernetes} kubernetes.default kubernetes.default.svc
${addresses.attacker} attacker
${addresses.victim} victim
`;
