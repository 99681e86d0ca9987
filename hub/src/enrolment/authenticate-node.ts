import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { Fault } from "@atalaya/wire";
import type { SenderIdentity } from "../hub-core.ts";
import type { EnrolmentStore, NodeRow } from "./enrolment-store.ts";
import { enrolmentLimits } from "./limits.ts";
import { type PeerCertificate, peerCertificate } from "./peer-certificate.ts";

/**
 * The node behind a connection's client certificate; undefined when it shows none of ours. Asked with every request, so
 * that a revocation counts at once, also on a connection that is open. `expired` lets pass a certificate that has
 * ended within the grace (to renew it). Throws Fault CREDENTIAL_REVOKED, CREDENTIAL_UNKNOWN.
 */
export async function nodeOnConnection(
  store: EnrolmentStore,
  socket: Socket,
  ca: X509Certificate,
  { expired = false } = {},
): Promise<{ row: NodeRow; certificate: PeerCertificate } | undefined> {
  const certificate = peerCertificate(socket, ca);
  if (certificate === undefined) return undefined;
  const now = Date.now();
  const graceMs = expired ? enrolmentLimits.renewGraceMs : 0;
  if (now > certificate.notAfterMs + graceMs || now < certificate.notBeforeMs) {
    throw new Fault(
      "CREDENTIAL_UNKNOWN",
      "The node's certificate has ended (or one of the clocks is wrong): renew it, or enrol the node again",
    );
  }
  const row = await store.node(certificate.workspace, certificate.cluster, certificate.node);
  if (row?.revokedUs !== null && row !== undefined) {
    throw new Fault(
      "CREDENTIAL_REVOKED",
      `The node ${row.node} was revoked; enrol it again with a new token (atalaya enroll token)`,
    );
  }
  const known = row !== undefined && [row.keySha256, row.previousKeySha256].includes(certificate.keySha256);
  if (!known) throw new Fault("CREDENTIAL_UNKNOWN", "The node's certificate was replaced by a later one");
  return { row, certificate };
}

export function senderOfNode({ workspaceId, nodeId, cluster, node, mayAudit }: NodeRow): SenderIdentity {
  return { workspaceId, credentialId: nodeId, cluster, node, mayAudit };
}
