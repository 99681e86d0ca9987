import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { enrolmentTokenSchema, type SyncReply, type SyncRequest, syncReplySchema } from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { type HubCoreOptions, openHubCore } from "../src/core/open-hub-core.ts";
import type { HubCore } from "../src/hub-core.ts";
import { makeLogger } from "../src/server/logger.ts";
import { type HubOptions, readOptions } from "../src/server/options.ts";
import { startHub } from "../src/server/start-hub.ts";
import { evilRule, tempFolder } from "./core/hub-fixture.ts";
import { enrolNode } from "./enrol-node.ts";

export type Answer = { status: number; text: string };
export type ServedHub = {
  data: string;
  core: HubCore;
  client: HubClient;
  caPem: string;
  /** The local command line's token: admin of the workspace default. */
  token: string;
  /** Trusts the hub, and shows nothing of itself. */
  agent: Agent;
  /** As the node, which is enrolled at its first request. */
  post(node: string, path: string, body: Buffer, headers?: Record<string, string>): Promise<Answer>;
  sync(node: string, of: Partial<SyncRequest>): Promise<SyncReply>;
  close(): Promise<void>;
};

/** A real hub: database, threads and HTTPS in this process; closed when the test ends. */
export async function serveHub(
  t: TestContext,
  data: string = tempFolder(t),
  of: Partial<HubCoreOptions> = {},
): Promise<ServedHub> {
  const options = readOptions(["--data", data, "--listen", "127.0.0.1:0"]) as HubOptions;
  const builtIn = [{ path: "evil.yaml", text: evilRule, pack: "built-in" }];
  let core: HubCore | undefined;
  const open = async (dataFolder: string) => {
    core = await openHubCore({ dataFolder, ruleFiles: [], cluster: "local", node: "n", version: "t", builtIn, ...of });
    return core;
  };
  const hub = await startHub(options, open, makeLogger("silent"), "0.0.0-test");
  const caPem = readFileSync(join(data, "hub", "ca.pem"), "utf8");
  const client = HubClient.fromFile(join(data, "client.json"));
  const agents = new Map<string, Agent>();
  const agentOf = async (node: string) => {
    const known = agents.get(node);
    if (known !== undefined) return known;
    const { token = "" } = await client.post(
      "/api/v1/enrolment-tokens",
      { cluster: "local", node },
      enrolmentTokenSchema,
    );
    const made = await enrolNode(hub.url, caPem, token, node);
    agents.set(node, made);
    return made;
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    for (const agent of agents.values()) agent.destroy();
    closed ??= hub.close();
    return closed;
  };
  t.after(close);
  const post: ServedHub["post"] = async (node, path, body, headers = {}) => {
    return await sendBytes(hub.url + path, body, await agentOf(node), headers);
  };
  const sync: ServedHub["sync"] = async (node, asked) => {
    const body = { publisher: publisherReport({}), confirmed: null, holds: 0, wait_s: 0, ...asked };
    const headers = { "content-type": "application/json" };
    const answer = await post(node, "/v1/sync", Buffer.from(JSON.stringify(body)), headers);
    if (answer.status !== 200) throw new Error(answer.text);
    return syncReplySchema.parse(JSON.parse(answer.text));
  };
  if (core === undefined) throw new Error("the core was opened");
  const { token } = JSON.parse(readFileSync(join(data, "client.json"), "utf8")) as { token: string };
  const agent = new Agent({ ca: caPem, keepAlive: true });
  t.after(() => agent.destroy());
  return { data, core, client, caPem, token, agent, post, sync, close };
}

export async function sendBytes(
  url: string,
  body: Buffer,
  agent: Agent,
  headers: Record<string, string> = {},
  method = "POST",
): Promise<Answer> {
  const sent = request(url, { method, headers, agent }).end(body);
  const [answer] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const part of answer) text += part;
  return { status: answer.statusCode ?? 0, text };
}

export function publisherReport(of: Partial<SyncRequest["publisher"]>): SyncRequest["publisher"] {
  return {
    version: "1",
    epoch: "p1",
    started_us: 1,
    now_us: Date.now() * 1_000,
    cpu_us: 1,
    memory_bytes: 1,
    spool: { bytes: 0, bytes_max: 1, frames: 0, oldest_us: null, writable: true },
    certificate_expires_us: null,
    counters: [],
    ...of,
  };
}
