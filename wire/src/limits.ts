// Every bound of the contract, in one place. Units last.

export const limits = {
  /** Ancestors that an event carries, parent first. */
  ancestorsMax: 12,
  /** A str column; longer values are cut by the collector, which counts it. */
  stringBytesMax: 65_535,
  /** Values in a strs or u53s column. */
  listLengthMax: 4_096,
  /** A json column (an audit record or a sensor's report). */
  jsonBytesMax: 2 * 1024 * 1024,
  eventBytesMax: 4 * 1024 * 1024,
  /** One frame: many events of one class from one ring. */
  frameEventsMax: 4_096,
  frameBytesMax: 8 * 1024 * 1024,
  /** One request to /v1/ingest, before and after zstd. */
  ingestBodyBytesMax: 8 * 1024 * 1024,
  ingestUnpackedBytesMax: 64 * 1024 * 1024,
  /** Frames and events of one request: the smallest event takes 14 bytes there and 500 in memory. */
  ingestFramesMax: 16_384,
  ingestEventsMax: 131_072,
  /** Its body is so many zstd frames, one after another. */
  ingestPiecesMax: 256,
  /** One request to the audit webhook; the API server batches up to 10 MiB. */
  auditBodyBytesMax: 12 * 1024 * 1024,
  /** One record of the audit log; Kubernetes objects end at 1.5 MiB. */
  auditRecordBytesMax: 2 * 1024 * 1024,
  /** Distinct evidence that one alert keeps; later ones only count. */
  alertEvidenceMax: 20,
  /** Rows of a process tree that one alert keeps. */
  alertTreeRowsMax: 200,
  apiPageMax: 200,
  /** The kubelet's probes at one time, how long one may take, and the size of its request. */
  probesMax: 8,
  probeMs: 2_000,
  probeBytesMax: 4_096,
  /** What a proxy may answer before the tunnel begins. */
  proxyHeadBytesMax: 8_192,
} as const;

if (limits.frameBytesMax < limits.eventBytesMax) throw new Error("a frame must hold the largest event");
if (limits.eventBytesMax < limits.jsonBytesMax) throw new Error("an event must hold the largest json column");
if (limits.ingestBodyBytesMax < limits.frameBytesMax) throw new Error("a request must hold the largest frame");
