// Every bound of the inventory. Units last.

export const inventoryLimits = {
  /** Of an object's facts, as JSON; beyond it only its containers are told. */
  factsBytesMax: 32 * 1024,
  /** Characters of a value; Kubernetes' names end at 253. */
  valueCharsMax: 512,
  labelsMax: 64,
  containersMax: 64,
  rulesMax: 128,
  /** Of any other list: ports, hosts, subjects, verbs. */
  listMax: 128,
  /** Objects of one kind whose last row is remembered, so that a change of nothing is not told. */
  rememberedMax: 100_000,
  /** Rows are gathered for so long, or until a frame is so large. */
  gatherMs: 150,
  frameRowsMax: 1_000,
  frameBytesMax: 96 * 1024,
  /** Bytes that the publisher has not acknowledged: beyond it nothing more is read from the API server. */
  unacknowledgedBytesMax: 384 * 1024,
  reconnectFirstMs: 250,
  reconnectMostMs: 10_000,
  /** A claim is made again so often: the hub's permission lasts a day, the token an hour. */
  claimAgainMs: 3_600_000,
  /** After a refusal; each is an alert at the hub. */
  claimRefusedFirstMs: 5_000,
  claimRefusedMostMs: 300_000,
  statusMs: 60_000,
  statusSoonMs: 500,
  /** So long without a publisher, and the inventory is not ready. */
  publisherSilentMs: 60_000,
  problemCharsMax: 256,
} as const;
