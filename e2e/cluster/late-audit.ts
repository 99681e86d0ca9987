import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Cluster } from "./cluster.ts";
import { stopChild } from "./part-in-cluster.ts";
import { addresses } from "./place.ts";
import type { StackInCluster } from "./stack-in-cluster.ts";

const relay = fileURLToPath(new URL("late-audit-relay.ts", import.meta.url));
const port = 9443;

/** A relay between the API server's audit webhook and the hub, which is as late as it is told. */
export type LateAudit = {
  /** For `cluster.setAudit`. */
  webhookKubeconfig: string;
  /** Of what is posted from now on. */
  delay(ms: number): void;
  stop(): Promise<void>;
};

/** Starts it inside the cluster's network, without a delay. */
export async function startLateAudit({ place }: Cluster, stack: StackInCluster): Promise<LateAudit> {
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", relay];
  const args = [addresses.node, String(port), stack.url, stack.caFile];
  const child = spawn("nsenter", [`--net=${place.netns}`, ...node, ...args], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(child, "message");
  const direct = await stack.auditKubeconfig();
  const token = /^\s*token: "?([^"\s]+)/m.exec(direct)?.[1] ?? "";
  const tell = (delayMs: number) => void child.send({ token, delayMs });
  tell(0);
  return {
    webhookKubeconfig: direct.replaceAll(stack.url, `http://${addresses.node}:${port}`),
    delay: tell,
    stop: () => stopChild(child),
  };
}
