import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { stopChild } from "./part-in-cluster.ts";
import type { Place } from "./place.ts";

const relay = fileURLToPath(new URL("relay.ts", import.meta.url));

/** A port of our own loopback interface that leads to an address inside the cluster's network. */
export type WayIn = { port: number; close(): Promise<void> };

/**
 * Opens one to `host:port` in there. The socket is made out here and handed to a child in there: a socket stays in the
 * network in which it was made, so nothing of the cluster's network is opened to the machine's.
 */
export async function openWayIn(place: Place, host: string, port: number): Promise<WayIn> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const outside = typeof address === "object" && address !== null ? address.port : 0;
  const node = [process.execPath, "--disable-warning=ExperimentalWarning", relay, host, String(port)];
  const child = spawn("nsenter", [`--net=${place.netns}`, ...node], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await handOver(child, server);
  server.close();
  return { port: outside, close: () => stopChild(child) };
}

function handOver(child: ChildProcess, server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("message", () => resolve());
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the relay into the cluster's network ended at its start")));
    child.send("serve", server);
  });
}
