import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { recommendedAuditPolicy } from "@atalaya/audit";
import { ruleSlug } from "@atalaya/detections";
import { truncatedLog } from "../audit-setup.ts";
import { startCluster } from "../cluster.ts";
import { auditActions } from "./actions.ts";
import { makeActions } from "./make-actions.ts";

// npm run capture:audit: makes every action of actions.ts on a cluster of its own and writes what its API server noted
// under the recommended policy as the samples of the control plane's rules.

const samples = join(import.meta.dirname, "..", "..", "..", "detections", "samples");
const say = (line: string) => process.stderr.write(`capture: ${line}\n`);

const cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-capture", say });
try {
  await cluster.setAudit({ policy: recommendedAuditPolicy(), flags: truncatedLog });
  const { gitVersion } = JSON.parse(await cluster.mustKubectl(["get", "--raw", "/version"])) as { gitVersion: string };
  for (const { action, records } of await makeActions(cluster, auditActions)) {
    const folder = join(samples, ruleSlug(action.rule));
    const { command } = action;
    const sample = { kernel: `kube-apiserver ${gitVersion}`, runtime: "", command, captured: true, records };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${action.name}.json`), `${JSON.stringify(sample, null, 2)}\n`);
    say(`${ruleSlug(action.rule)}/${action.name}: ${records.length} records`);
  }
} finally {
  await cluster.down();
}
