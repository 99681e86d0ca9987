import { readFileSync } from "node:fs";
import { get, type RequestOptions } from "node:https";
import { isIP } from "node:net";
import { connect } from "node:tls";
import { Fault } from "@atalaya/wire/framing";
import { openTunnel } from "@atalaya/wire/proxy";

const patienceMs = 10_000;

/** Where the hub is, the file of its CA, and the HTTP proxy on the way, if there is one. */
export type VerifiedHub = { url: string; caFile: string; proxy?: string | undefined };

/** Asks the hub, on the way that the sensors take, whether it is well. Throws Fault HUB_UNREACHABLE when it does not say so. */
export async function hubHealth(hub: VerifiedHub): Promise<void> {
  const through = hub.proxy === undefined ? "" : ` through the proxy ${hub.proxy}`;
  try {
    await healthy(new URL("/healthz", hub.url), { ...tls(hub), ...(await way(hub)) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Fault("HUB_UNREACHABLE", `The hub does not answer at ${hub.url}${through}: ${why}`, {}, error);
  }
}

function tls({ caFile }: VerifiedHub) {
  return { ca: readFileSync(caFile, "utf8"), minVersion: "TLSv1.3" } as const;
}

async function way(hub: VerifiedHub): Promise<RequestOptions> {
  if (hub.proxy === undefined) return { agent: false };
  const { hostname, port } = new URL(hub.url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = await openTunnel(hub.proxy, host, Number(port || "443"), patienceMs);
  const named = isIP(host) === 0 ? { servername: host } : {};
  return { createConnection: () => connect({ socket, host, ...tls(hub), ...named }) };
}

function healthy(url: URL, options: RequestOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { ...options, timeout: patienceMs }, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`status ${answer.statusCode}`));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 10 s")));
    asked.on("error", reject);
  });
}
