import { Fault } from "@atalaya/wire";

export type WebhookKubeconfig = {
  cluster: string;
  /** The hub's address as the API server reaches it. */
  server: string;
  /** The certificate authority of the hub, PEM. */
  caPem: string;
  /** The audit credential of this cluster. */
  token: string;
};

/**
 * Without these the API server posts batches of any size: a client that sends some large requests would make one that the
 * hub refuses (12 MiB), and 400 records with it. It cuts records before it gathers them, so that only how many are posted at
 * once bounds a batch: four of 2.5 MiB. A record beyond that loses its bodies, and says so. With so few in a batch, the
 * usual ten posts a second would be too few.
 */
export const auditWebhookFlags = {
  "audit-webhook-truncate-enabled": "true",
  "audit-webhook-truncate-max-event-size": String(2.5 * 1024 * 1024),
  "audit-webhook-batch-max-size": "4",
  "audit-webhook-batch-throttle-enable": "false",
} as const;

/**
 * The file for the API server's `--audit-webhook-config-file`. Values are written as JSON strings, which YAML reads
 * unchanged, so no name can break out of its place. Throws USAGE for an address that is not https.
 */
export function auditWebhookKubeconfig({ cluster, server, caPem, token }: WebhookKubeconfig): string {
  const url = URL.parse(server);
  if (url === null || url.protocol !== "https:") {
    throw new Fault(
      "USAGE",
      "The hub's address must start with https://, because the audit log holds confidential data",
    );
  }
  const target = `${url.origin}${url.pathname.replace(/\/$/, "")}/v1/audit/${encodeURIComponent(cluster)}`;
  const flags = Object.entries(auditWebhookFlags).map(([name, value]) => `#   --${name}=${value}`);
  return `# Audit webhook of cluster ${JSON.stringify(cluster)}. Keep it readable by root only: it holds the credential.
# kube-apiserver --audit-policy-file=… --audit-webhook-config-file=THIS_FILE
#   --audit-webhook-batch-max-wait=1s   (the default of 30s is how long an alert would wait)
# and, so that nobody's large requests make a batch too large to be taken:
${flags.join("\n")}
apiVersion: v1
kind: Config
clusters:
  - name: atalaya
    cluster:
      server: ${JSON.stringify(target)}
      certificate-authority-data: ${Buffer.from(caPem).toString("base64")}
users:
  - name: audit
    user:
      token: ${JSON.stringify(token)}
contexts:
  - name: audit
    context:
      cluster: atalaya
      user: audit
current-context: audit
`;
}
