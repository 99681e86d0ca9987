import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, test } from "node:test";
import { KubeClient } from "@atalaya/kube";
import { type TestServer, testServer } from "../../../kube/test/test-server.ts";
import { CaPublisher } from "../../src/tls/ca-publisher.ts";

/** A ConfigMap behind HTTPS as the API server keeps it, and what was asked of it. */
class ConfigMapServer {
  readonly asked: string[] = [];
  data: Record<string, string> | undefined;
  failures = 0;
  #waiting: (() => void)[] = [];

  handle(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      this.asked.push(`${request.method} ${request.url} ${request.headers["content-type"] ?? ""}`.trim());
      response.setHeader("content-type", "application/json");
      if (this.failures > 0) {
        this.failures -= 1;
        response.statusCode = 403;
        response.end(JSON.stringify({ kind: "Status", status: "Failure", reason: "Forbidden", code: 403 }));
      } else {
        if (request.method === "PATCH") this.data = { ...this.data, ...JSON.parse(body).data };
        response.end(JSON.stringify({ kind: "ConfigMap", ...(this.data === undefined ? {} : { data: this.data }) }));
      }
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((done) => this.#waiting.push(done));
  }
}

const path = "/api/v1/namespaces/kube-system/configmaps/atalaya-hub-ca";
const where = { namespace: "kube-system", name: "atalaya-hub-ca" };
const log = { info: () => {}, warn: () => {} };
let server: TestServer | undefined;
let publisher: CaPublisher | undefined;
let client: KubeClient | undefined;
afterEach(async () => {
  publisher?.close();
  client?.close();
  await server?.close();
});

async function published(configMap: ConfigMapServer, caPem: string): Promise<CaPublisher> {
  server = await testServer((request, response) => configMap.handle(request, response));
  client = new KubeClient({ url: server.url, serverName: undefined, access: server.access({ token: "t" }) });
  publisher = new CaPublisher(client, where, caPem, log);
  publisher.start();
  return publisher;
}

test("the CA is written into the empty ConfigMap, again when it is another one, and not when it is there", {
  timeout: 20_000,
}, async () => {
  const configMap = new ConfigMapServer();
  const running = await published(configMap, "first");
  await configMap.until(() => configMap.data?.["ca.pem"] === "first");
  assert.deepEqual(configMap.asked, [`GET ${path}`, `PATCH ${path} application/merge-patch+json`]);
  running.changed("second");
  await configMap.until(() => configMap.data?.["ca.pem"] === "second");
  running.changed("second");
  await configMap.until(() => configMap.asked.length === 5);
  assert.equal(configMap.asked[4], `GET ${path}`);
});

test("what else is in the ConfigMap stays, and a refusal is tried again", { timeout: 20_000 }, async () => {
  const configMap = new ConfigMapServer();
  configMap.data = { other: "kept" };
  configMap.failures = 1;
  await published(configMap, "ca");
  await configMap.until(() => configMap.data?.["ca.pem"] === "ca");
  assert.deepEqual(configMap.data, { other: "kept", "ca.pem": "ca" });
});
