// Every bound of the Kubernetes client. Units last.
const mebibyte = 1024 * 1024;

export const kubeLimits = {
  /** From the first byte sent to the last byte of the answer, unless the call says otherwise. */
  requestMs: 30_000,
  /** A stream that brings nothing for so long is given up: an API server sends a bookmark about once a minute. */
  quietStreamMs: 300_000,
  /** TCP asks after so long whether the other side is still there: what vanished without a word is noticed. */
  probeMs: 30_000,
  /** One answer that is read as a whole. */
  replyBytesMax: 16 * mebibyte,
  /** One line of a stream. Kubernetes objects end at 1.5 MiB in etcd; as JSON they are larger. */
  lineBytesMax: 8 * mebibyte,
  /** One object of a list or a watch; a larger one is left out. etcd takes 1.5 MiB; as JSON it may be larger. */
  itemBytesMax: 4 * mebibyte,
  /** Objects of one page: the API server holds them in memory, we do not. */
  listPageSize: 250,
  /** A watch is asked for so long, and up to as much again by chance, so that not all end together. */
  watchS: 300,
  /** One that ended sooner counts as trouble. */
  watchLeastMs: 1_000,
  /** All is listed again after so long, give or take a quarter. */
  relistMs: 3_600_000,
  /** At least half of the ceiling: an API server in trouble is not asked again at once. */
  backOff: { firstMs: 250, mostMs: 30_000, least: 0.5 },
  /** A refusal's message, cut: it goes to logs. */
  messageCharsMax: 512,
  /** A token file is read again after so long; the kubelet replaces a projected token at 80 % of its life. */
  credentialMs: 60_000,
  /** Connections at one time, each watch has one. */
  socketsMax: 64,
  freeSocketsMax: 2,
} as const;
