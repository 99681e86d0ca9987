import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { auditWebhookFlags } from "@atalaya/audit";
import type { Place } from "./place.ts";

/** What the API server notes of its requests, and where it puts it. What is absent is as the harness begins. */
export type AuditSetup = {
  /** The policy as YAML or JSON; by default whole bodies of everything but secrets. */
  policy?: string;
  /** A kubeconfig that says where the webhook posts (`atalaya audit kubeconfig`); without one nothing is posted. */
  webhookKubeconfig?: string;
  /** How long the webhook waits for a batch to fill: a duration of Go's, 200ms when absent. */
  batchMaxWait?: string;
  /** The log file; a relative path is one of the cluster's folder. */
  logPath?: string;
  /** At this size the API server renames the file and begins another. */
  logMaxSizeMb?: number;
  logMaxBackups?: number;
  /** Other flags of the API server, by name. */
  flags?: Record<string, string>;
};

const policyFile = "etc/audit-policy.yaml";
const webhookFile = "etc/audit-webhook.kubeconfig";
const defaultLog = "logs/audit.log";

/** Flags that make the log hold what the webhook posts, also of records that are cut. */
export const truncatedLog = Object.fromEntries(
  Object.entries(auditWebhookFlags).map(([name, value]) => [name.replace("webhook", "log"), value]),
);

/** Where the API server writes its audit log. */
export function auditLogOf(place: Place, { logPath = defaultLog }: AuditSetup = {}): string {
  return logPath.startsWith("/") ? logPath : join(place.folder, logPath);
}

/** Writes the files that the flags of `auditFlags` name. */
export function writeAuditFiles(place: Place, setup: AuditSetup): void {
  const write = (name: string, text: string) => writeFileSync(join(place.folder, name), text, { mode: 0o600 });
  write(policyFile, setup.policy ?? JSON.stringify(defaultPolicy));
  if (setup.webhookKubeconfig !== undefined) write(webhookFile, setup.webhookKubeconfig);
  mkdirSync(dirname(auditLogOf(place, setup)), { recursive: true, mode: 0o700 });
}

/** The flags of the API server for a set-up whose files are written. */
export function auditFlags(setup: AuditSetup): Record<string, string> {
  const flags: Record<string, string> = {
    "audit-policy-file": policyFile,
    "audit-log-path": setup.logPath ?? defaultLog,
  };
  if (setup.logMaxSizeMb !== undefined) flags["audit-log-maxsize"] = String(setup.logMaxSizeMb);
  if (setup.logMaxBackups !== undefined) flags["audit-log-maxbackup"] = String(setup.logMaxBackups);
  if (setup.webhookKubeconfig !== undefined) {
    flags["audit-webhook-config-file"] = webhookFile;
    flags["audit-webhook-batch-max-wait"] = setup.batchMaxWait ?? "200ms";
    Object.assign(flags, auditWebhookFlags);
  }
  return { ...flags, ...setup.flags };
}

const defaultPolicy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived"],
  rules: [
    {
      level: "None",
      users: ["system:kube-scheduler", "system:kube-controller-manager", "system:apiserver"],
    },
    { level: "Metadata", resources: [{ group: "", resources: ["secrets", "configmaps"] }] },
    { level: "RequestResponse" },
  ],
};
