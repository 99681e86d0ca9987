import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { sensorSchema } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { z } from "zod";
import type { RuntimeName } from "./container/runtime.ts";

const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
const packageOf: Record<string, string> = { runc: "runc", ip: "iproute2", containerd: "containerd", ctr: "containerd" };

/** What is missing for a simulation on this machine, each with its remedy; empty when all is there. */
export async function preflight(runtime: RuntimeName, hub: HubClient): Promise<string[]> {
  const problems: string[] = [];
  if (process.platform !== "linux") return ["simulations need Linux: containers, network namespaces, eBPF"];
  if (process.getuid?.() !== 0) problems.push("simulations need root: sudo npx atalaya simulate --local all");
  const programs = runtime === "runc" ? ["runc", "ip"] : ["runc", "ip", "containerd", "ctr"];
  for (const name of programs) {
    if (folders.some((folder) => existsSync(`${folder}/${name}`))) continue;
    problems.push(`${name} is missing: apt-get install ${packageOf[name]}`);
  }
  const { sensors } = await hub.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  const here = sensors.find((sensor) => sensor.node === hostname());
  if (here === undefined) {
    problems.push(`no sensor of this machine (${hostname()}) reports to ${hub.url}: start it with npm start, as root`);
  } else if (here.state === "silent") {
    problems.push(`the sensor of this machine is silent: see what npm start printed, or atalaya status`);
  }
  return problems;
}
