// The world going wrong, as codes: each has one meaning, is documented here, and is never reused.

export const faultCodes = {
  FRAME_MALFORMED: "The bytes are not a frame.",
  FRAME_VERSION: "The frame was written by a newer version; upgrade the hub.",
  FRAME_CLASS: "The frame holds an event class that this version does not know.",
  EVENT_MALFORMED: "An event in the frame does not decode.",
  BODY_ENCODING: "The body is not zstd.",
  BODY_TOO_LARGE: "The body is larger than the limit.",
  BODY_MALFORMED: "The body does not have the documented shape.",
  CREDENTIAL_MISSING: "The request carries no credential.",
  CREDENTIAL_UNKNOWN: "The credential is unknown, revoked, or belongs to another use.",
  CREDENTIAL_REVOKED: "The node's certificate was revoked.",
  IDENTITY_MISMATCH: "A frame names another node, cluster or workspace than the certificate that brought it.",
  ENROL_REFUSED: "The proof of an enrolment is wrong, expired, used or revoked.",
  ENROL_SLOWED: "Too many failed enrolments; wait and try again.",
  STATE_REFUSED: "A desired state is not signed by the hub, is for another node, or is older than the one in force.",
  LOGIN_REFUSED: "User name or password is wrong.",
  LOGIN_SLOWED: "Too many failed logins; wait and try again.",
  FORBIDDEN: "The account may not do this.",
  NOT_FOUND: "There is no such thing.",
  CHANGED_SINCE: "It was changed since it was read; read it again.",
  BUSY: "The hub is at its limit; try again after the time in Retry-After.",
  PORT_TAKEN: "Another process listens on the port.",
  DATA_UNWRITABLE: "The data folder cannot be written.",
  STORE_FULL: "The hub's disk is full: nothing new is taken until there is room.",
  STORE_UNREACHABLE: "The database does not answer.",
  QUERY_FAILED: "A query failed by a fault of the hub's own.",
  STORE_NEWER: "The database was written by a newer version.",
  BACKUP_UNUSABLE: "The backup is not one, is incomplete, or was written by a newer version.",
  RULES_BROKEN: "A rule file does not load.",
  SENSOR_UNAVAILABLE: "The sensor cannot run here.",
  HUB_UNREACHABLE: "The hub does not answer.",
  KUBE_UNREACHABLE: "The Kubernetes API server does not answer.",
  KUBE_REFUSED: "The Kubernetes API server refused the request.",
  KUBE_UNUSABLE: "The service account or the kubeconfig cannot be used.",
  SIMULATION_UNAVAILABLE: "The attack simulation cannot run here.",
  SIMULATION_FAILED: "A program that the attack simulation needs failed.",
  USAGE: "The command's arguments are not usable.",
} as const;

export type FaultCode = keyof typeof faultCodes;

/**
 * The world failed, not our code: says what happened, to what, and what to do next.
 * `facts` are small and hold no secret; they go to logs and to the API's answer.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly facts: Readonly<Record<string, string | number | boolean>>;

  constructor(
    code: FaultCode,
    message: string,
    facts: Readonly<Record<string, string | number | boolean>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "Fault";
    this.code = code;
    this.facts = facts;
  }
}

/** What hostile input becomes: a value, never an exception, and it never repeats what it refused. */
export type Result<T> = { ok: true; value: T } | { ok: false; code: FaultCode; reason: string };
