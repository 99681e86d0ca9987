// Every route that the hub documents, called with requests that are almost right, by somebody who may call it.
import assert from "node:assert/strict";
import type { Agent } from "node:https";
import { after, before, test } from "node:test";
import { auditCredentialSchema } from "@atalaya/wire";
import * as z from "zod";
import { HubProcess } from "./hostile/hub-process.ts";
import { garbageOf, type OpenApi } from "./hostile/request-garbage.ts";

let hub: HubProcess;
let node: Agent;
let [user, audit] = ["", ""];
before(async () => {
  hub = await HubProcess.start();
  audit = (await hub.client.post("/api/v1/audit-credentials", { cluster: "x" }, auditCredentialSchema)).token ?? "";
  node = hub.agent(6, await hub.enrol("x"));
  await signIn();
});
after(() => hub?.stop());

/** A token of its own: some routes end it. */
async function signIn(): Promise<void> {
  const body = { user: "admin", password: hub.firstPassword, name: "garbage" };
  user = (await hub.client.post("/api/v1/tokens", body, z.object({ token: z.string() }))).token;
}

test("nothing that almost is a request makes a route fail by a mistake of its own", async (t) => {
  const document = JSON.parse(await hub.client.text("/openapi.json")) as OpenApi;
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  assert.ok(routes.length >= 25, "the document names every route");
  const agent = hub.agent(6);
  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  const waiting = [...garbageOf(document)];
  const total = waiting.length;
  const one = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { method, path, headers, body = Buffer.alloc(0), what } = next;
      const isAudit = path.startsWith("/v1/audit");
      const bySensor = path.startsWith("/v1/") && !isAudit;
      const authorization = bySensor ? {} : { authorization: `Bearer ${isAudit ? audit : user}` };
      const all = { ...headers, ...authorization, "content-length": body.length };
      const options = { method, agent: bySensor ? node : agent, headers: all };
      const { status, text } = await hub.send(path, body, options);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 0 || status >= 500) wrong.push(`${what}: ${status} ${text.slice(0, 200)}`);
      if (status === 401 && !bySensor && !isAudit && !path.includes("login") && !path.includes("tokens"))
        await signIn();
    }
  };
  await Promise.all(Array.from({ length: 6 }, one));
  t.diagnostic(`${total} requests to ${routes.length} routes: ${JSON.stringify(Object.fromEntries(statuses))}`);
  assert.deepEqual(wrong.slice(0, 20), []);
  assert.equal(hub.errors, "");
  assert.ok(hub.alive);
  assert.ok(hub.residentMax < 900 * 1024 * 1024);
});
