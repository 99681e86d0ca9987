import { readFileSync } from "node:fs";
import { get } from "node:https";
import { Fault } from "@atalaya/wire/framing";
import { settled } from "./settled.ts";
import type { Workloads } from "./workloads.ts";

export const verifyPatienceMs = 90_000;

/** Whether every node's sensor is ready and the hub answers under a certificate of its own CA. */
export async function verify(
  workloads: Workloads,
  names: { daemonSets: readonly string[]; deployments: readonly string[] },
  hub: { url: string; caFile: string } | undefined,
  say: (line: string) => void,
  patienceMs = verifyPatienceMs,
): Promise<boolean> {
  const asks = [
    ...names.daemonSets.map((name) => () => workloads.daemonSet(name)),
    ...names.deployments.map((name) => () => workloads.deployment(name)),
  ];
  const { isDone, all } = await settled(asks, say, patienceMs);
  if (!isDone) {
    say("not every pod is ready: kubectl describe pods -l app.kubernetes.io/name=atalaya tells why");
    return false;
  }
  const sets = all.slice(0, names.daemonSets.length);
  const idle = sets.filter(({ wanted }) => wanted === 0).map(({ name }) => name);
  if (idle.length === sets.length || idle.some((name) => name.includes("control-plane"))) {
    say(`no node is meant for ${idle.join(", ")}: see nodes.selector and audit.file.controlPlaneLabel`);
    return false;
  }
  say("every node is watched, and what its sensor saw reaches the hub");
  if (hub === undefined) return true;
  say(`the hub answers at ${hub.url}: ${await health(hub)}`);
  return true;
}

function health({ url, caFile }: { url: string; caFile: string }): Promise<string> {
  const ca = readFileSync(caFile, "utf8");
  const unreachable = (why: string, cause?: unknown) =>
    new Fault("HUB_UNREACHABLE", `The hub does not answer at ${url}: ${why}`, {}, cause);
  return new Promise((resolve, reject) => {
    const asked = get(new URL("/healthz", url), { ca, minVersion: "TLSv1.3", timeout: 10_000 }, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve("healthy");
      else reject(unreachable(`status ${answer.statusCode}`));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 10 s")));
    asked.on("error", (error) => reject(unreachable(error.message, error)));
  });
}
