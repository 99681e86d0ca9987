import { limits } from "@atalaya/wire";

// Every bound of this package. Units last.

export const auditLimits = {
  /** One record as JSON, after redaction. A request's and an answer's object fit (etcd keeps at most 1.5 MiB). */
  recordBytesMax: limits.auditRecordBytesMax,
  /** Records of one EventList; the API server's batches default to 400. */
  listItemsMax: 20_000,
  /** What stands around a list's items: a kind, a version, and nothing. */
  listDepthMax: 16,
  listValuesMax: 1_000,
  /** Nesting. The deepest objects that exist are the schemas of custom resources, at about 80. */
  depthMax: 200,
  /** Below so many levels of a record's JSON a mark stands for what a client nested, before it is parsed. */
  cutDepth: 190,
  /** Values (leaves, lists, objects) of one record. */
  valuesMax: 200_000,
  /**
   * A text inside a request's or an answer's object. Longer ones are cut, so that padding an object cannot push
   * the fields that a rule reads out of the record.
   */
  textCharsMax: 16_384,
  /** Record fields that become columns: longer is cut. */
  uriCharsMax: 8_192,
  columnCharsMax: 2_048,
  auditIdCharsMax: 256,
  verbCharsMax: 80,
  /** An address, a status, its reason. */
  wordCharsMax: 128,
  sourceIpsMax: 64,
  groupsMax: 1_024,
  /** A user's groups as JSON. */
  groupsBytesMax: 128 * 1024,
  /** What stands beside the bodies and is open (extra, details): more of it is left out, of annotations shortened. */
  partBytesMax: 192 * 1024,
  partValuesMax: 4_096,
  partDepthMax: 64,
  annotationsMax: 64,
  annotationCharsMax: 2_048,
  /** A record without its bodies, before it is parsed: 1 MiB of headers, which JSON may write six times as long. */
  restParsedBytesMax: 8 * 1024 * 1024,
  /** A line of an audit log that is held until it is whole: above what an API server answers at once. */
  lineBytesMax: 16 * 1024 * 1024,
  /** Of it, what is parsed at once; bodies are taken out before that where it is more. */
  lineParsedBytesMax: 4 * 1024 * 1024,
  /** Places in a broken line at which a whole record is looked for. */
  tornTriesMax: 4,
  /** One read from an audit log. */
  readBytesMax: 256 * 1024,
  /** What lies before the place to go on at, by which (and by its first line) a file is known again under another name. */
  tailBytesMax: 16 * 1024,
  /** Compressed files of one log that are looked at, and how much of one at first. */
  compressedFilesMax: 512,
  compressedBytesLeast: 8 * 1024,
  /** Rotated files of one log that are looked at; an API server keeps ten by most installers' settings. */
  rotatedFilesMax: 1_024,
} as const;
