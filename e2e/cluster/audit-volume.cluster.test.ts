import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { recommendedAuditPolicy } from "@atalaya/audit";
import { measureVolume, type Volume, wholePolicy } from "./audit/volume.ts";
import { type Cluster, startCluster } from "./cluster.ts";

const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";
const rounds = isFull ? 10 : 1;

let cluster: Cluster;
before(async () => {
  cluster = await startCluster({ name: process.env["ATALAYA_CLUSTER"] || "atalaya-volume" });
});
after(() => cluster?.down());

const per = (count: number, { requests }: Volume) => Math.round((count / requests) * 1_000);

test("the recommended policy notes a fraction of what the API server is asked, and of its bodies", async (t) => {
  const policies = { recommended: recommendedAuditPolicy(), whole: wholePolicy };
  const measured: Record<string, Volume> = {};
  for (const [name, policy] of Object.entries(policies)) {
    const volume = await measureVolume(cluster, { policy, logPath: `logs/audit-${name}.log` }, rounds);
    const [records, kib] = [per(volume.records, volume), per(volume.bytes / 1_024, volume)];
    t.diagnostic(`${name}: ${volume.requests} requests; per 1,000: ${records} records, ${kib} KiB`);
    measured[name] = volume;
  }
  const { recommended, whole } = measured;
  assert.ok(recommended !== undefined && whole !== undefined);
  assert.ok(recommended.requests > 50 && whole.requests > 50 && recommended.records > 0);
  assert.ok(per(recommended.records, recommended) < per(whole.records, whole) / 2);
  assert.ok(per(recommended.bytes, recommended) < per(whole.bytes, whole) / 4);
});
