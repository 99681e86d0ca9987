import assert from "node:assert/strict";
import type { Cluster } from "./cluster.ts";
import type { SimulationRun } from "./simulate-in-cluster.ts";

/** The one alert that comes from the audit log. */
export const fromAudit = "Suspicious Kubernetes service account operation detected";

/** All thirteen, each once. */
export function assertAllCame({ lines, status, errors }: SimulationRun): void {
  assert.deepEqual(
    lines.filter((line) => line.status !== "alerted"),
    [],
    errors,
  );
  assert.equal(new Set(lines.map((line) => line.alert)).size, 13, errors);
  assert.equal(status, 0, errors);
}

/** Nothing of any run is in the cluster: neither its namespace nor Helm's record of the release. */
export async function assertNothingIsLeft(cluster: Cluster): Promise<void> {
  const left = await cluster.mustKubectl(["get", "namespaces", "-l", "atalaya.dev/simulation", "-o", "name"]);
  assert.equal(left, "");
  const records = ["get", "secrets", "-A", "-l", "owner=helm,name=atalaya-simulation", "-o", "name"];
  assert.equal(await cluster.mustKubectl(records), "");
}
