import { X509Certificate } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { enrolmentTokenText } from "@atalaya/wire";
import { writeWhole } from "@atalaya/wire/files";
import { secretHash } from "../auth/secret.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import type { EnrolmentStore } from "./enrolment-store.ts";
import { enrolmentLimits } from "./limits.ts";
import { makeToken } from "./make-token.ts";
import { readNodeCertificate } from "./peer-certificate.ts";

export type ThisMachine = { dataFolder: string; cluster: string; node: string; caPem: string };

/**
 * Lets this machine's own publisher in: a single-use token in `hub/local-enrolment.token` (mode 0600), for this node
 * alone. None is made while the certificate in `identity/` still counts, nor for a node that somebody revoked.
 */
export async function ensureLocalToken(store: EnrolmentStore, here: ThisMachine): Promise<void> {
  const file = join(here.dataFolder, "hub", "local-enrolment.token");
  const row = await store.node(defaultWorkspace, here.cluster, here.node);
  if ((row?.revokedUs ?? null) !== null) {
    rmSync(file, { force: true });
    return;
  }
  const key = presentKey(here);
  if (row !== undefined && key !== undefined && [row.keySha256, row.previousKeySha256].includes(key)) {
    rmSync(file, { force: true });
    return;
  }
  const token = makeToken(here.caPem);
  await store.putToken(secretHash(token.secret), {
    workspaceId: defaultWorkspace,
    tokenId: token.id,
    cluster: here.cluster,
    node: here.node,
    proof: "local",
    createdBy: "this machine",
    // Who has the hub's own machine has the hub.
    mayAudit: true,
    expiresUs: (Date.now() + enrolmentLimits.localTokenMs) * 1000,
  });
  // Written after it is known: a publisher that reads it is never refused.
  writeWhole(file, `${enrolmentTokenText(token)}\n`);
}

/** The key of the certificate that this machine's publisher holds, while it can still be used or renewed. */
function presentKey({ dataFolder, caPem, cluster, node }: ThisMachine): string | undefined {
  try {
    const pem = readFileSync(join(dataFolder, "identity", "certificate.pem"), "utf8");
    const certificate = readNodeCertificate(pem, new X509Certificate(caPem));
    if (certificate === undefined || certificate.cluster !== cluster || certificate.node !== node) return undefined;
    return Date.now() < certificate.notAfterMs + enrolmentLimits.renewGraceMs ? certificate.keySha256 : undefined;
  } catch {
    return undefined;
  }
}
