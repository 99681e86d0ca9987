import * as z from "zod";

// How a node becomes known. A token carries the SHA-256 of the hub's CA, so that the first contact is already trusted:
//
//   atalaya-enroll.ID.SECRET.SHA256        ID and SECRET base64url, SHA256 of the CA certificate's DER in hexadecimal
//
// GET /v1/ca gives the CA (public); the client compares its hash, then speaks TLS to that CA alone.

export type EnrolmentToken = { id: string; secret: string; caSha256: string };

export function enrolmentTokenText({ id, secret, caSha256 }: EnrolmentToken): string {
  return `atalaya-enroll.${id}.${secret}.${caSha256}`;
}

export function readEnrolmentToken(text: string): EnrolmentToken | undefined {
  const match = /^atalaya-enroll\.([\w-]{8,64})\.([\w-]{32,128})\.([0-9a-f]{64})$/.exec(text.trim());
  if (match === null) return undefined;
  return { id: match[1] as string, secret: match[2] as string, caSha256: match[3] as string };
}

const name = z.string().regex(/^[\x21-\x7e]{1,255}$/);

/** POST /v1/enroll. Exactly one of the two proofs. The request's key is proved by the CSR's own signature. */
export const enrolRequestSchema = z.object({
  /** PKCS #10, PEM, ECDSA P-256. Its subject is ignored: the proof decides who the node is. */
  csr: z.string().max(8192),
  token: z.string().max(512).optional(),
  /** A projected service-account token with the audience `atalaya-hub`. */
  service_account_token: z.string().max(16_384).optional(),
  /** The node's name; with a service-account token it must be the one that the token names. */
  node: name,
  /** Needed where the proof does not name it. */
  cluster: name.optional(),
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;

/** Also the reply to POST /v1/enroll/renew {csr}, which is proved by the client certificate of the connection. */
export const enrolReplySchema = z.object({
  /** PEM, valid 24 h (backdated by a day). */
  certificate: z.string(),
  ca: z.string(),
  workspace: z.string(),
  cluster: z.string(),
  node: z.string(),
  expires_us: z.number(),
});
export type EnrolReply = z.infer<typeof enrolReplySchema>;
export const renewRequestSchema = z.object({ csr: z.string().max(8192) });

/** Who a client certificate names, as a URI in its subject alternative names. */
export type NodeName = { workspace: string; cluster: string; node: string };

export function nodeUri({ workspace, cluster, node }: NodeName): string {
  return `atalaya://${[workspace, cluster, node].map(encodeURIComponent).join("/")}`;
}

export function readNodeUri(uri: string): NodeName | undefined {
  const match = /^atalaya:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri);
  if (match === null) return undefined;
  try {
    const [workspace, cluster, node] = match.slice(1).map(decodeURIComponent) as [string, string, string];
    return { workspace, cluster, node };
  } catch {
    return undefined;
  }
}

/** A token as the page and the command line list it; `token` only in the answer that made it. */
export const enrolmentTokenSchema = z.object({
  token_id: z.string(),
  cluster: z.string(),
  /** A node's name, or null for any. */
  node: z.string().nullable(),
  created_us: z.number(),
  created_by: z.string(),
  expires_us: z.number(),
  used_us: z.number().nullable(),
  used_by_node: z.string().nullable(),
  revoked_us: z.number().nullable(),
  /** The node may also send its API server's audit log: it is one of the control plane. */
  may_audit: z.boolean(),
  token: z.string().optional(),
});
export type ListedEnrolmentToken = z.infer<typeof enrolmentTokenSchema>;

export const enrolmentTokenRequestSchema = z.object({
  cluster: name,
  node: name.optional(),
  /** How long the token can be used; at most a week. */
  valid_s: z
    .number()
    .int()
    .min(60)
    .max(7 * 86_400)
    .default(3_600),
  may_audit: z.boolean().default(false),
});

/** PUT /api/v1/clusters/:cluster: whose projected service-account tokens enrol nodes of this cluster. */
export const clusterRequestSchema = z.object({
  /** `kubectl get --raw /.well-known/openid-configuration` tells it. */
  issuer: z.string().min(1).max(2048),
  /** `kubectl get --raw /openid/v1/jwks` */
  jwks: z.string().max(65_536),
  namespace: z.string().min(1).max(63).default("kube-system"),
  service_account: z.string().min(1).max(253).default("atalaya-publisher"),
  /** Of the publishers on control-plane nodes: nodes that enrol by it may also send the API server's audit log. */
  audit_service_account: z.string().min(1).max(253).default("atalaya-publisher-control-plane"),
});
export const clusterSchema = z.object({
  cluster: z.string(),
  issuer: z.string(),
  namespace: z.string(),
  service_account: z.string(),
  audit_service_account: z.string(),
  /** How many keys are registered. */
  keys: z.number().int(),
  created_us: z.number(),
  created_by: z.string(),
});
export type ListedCluster = z.infer<typeof clusterSchema>;

/** A node that holds, or held, a certificate. */
export const enrolledNodeSchema = z.object({
  node_id: z.string(),
  cluster: z.string(),
  node: z.string(),
  /** How it proved itself. */
  proof: z.enum(["token", "service_account", "local"]),
  enrolled_us: z.number(),
  renewed_us: z.number(),
  expires_us: z.number(),
  revoked_us: z.number().nullable(),
  revoked_by: z.string().nullable(),
  /** Its audit log is taken, as the cluster's. */
  may_audit: z.boolean(),
  key_sha256: z.string(),
});
export type EnrolledNode = z.infer<typeof enrolledNodeSchema>;

/** One entry of the audit log of the API: who changed what. Secrets are never part of it. */
export const apiChangeSchema = z.object({
  change_id: z.string(),
  time_us: z.number(),
  user: z.string(),
  /** "browser", "token" or the name of the token. */
  by: z.string(),
  address: z.string(),
  method: z.string(),
  route: z.string(),
  /** What was named in the path, e.g. the rule or the node. */
  object: z.string(),
  status: z.number().int(),
});
export type ApiChange = z.infer<typeof apiChangeSchema>;
export type ApiChangePage = z.infer<typeof apiChangePageSchema>;
export const apiChangePageSchema = z.object({ changes: z.array(apiChangeSchema), next: z.string().nullable() });
