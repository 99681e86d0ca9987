// A hub as it ships, logging all that it can: what went through it as a secret is in no log line and in no file.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { Agent } from "node:https";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  auditCredentialSchema,
  enrolmentTokenSchema,
  madeAccountSchema,
  madeWorkspaceSchema,
  type PartMessage,
  readEnrolmentToken,
  tokenSchema,
} from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { tempFolder } from "../core/hub-fixture.ts";
import { enrolNode, newNodeKey } from "../enrol-node.ts";
import { sendBytes } from "../served-hub.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const json = { "content-type": "application/json" };
const marker = "MARKER-4b7d1f";

/** Where an admin of this machine finds them, by design, mode 0600: each file may hold its own secret and no other. */
const ownFiles = ["client.json", join("hub", "local-enrolment.token")];

test("nothing secret of sign-ins, tokens and enrolments, failing ones too, is logged or stored", async (t) => {
  const data = tempFolder(t);
  const args = ["--data", data, "--listen", "127.0.0.1:0", "--log-level", "debug"];
  const child = fork(main, args, { execArgv: ["--disable-warning=ExperimentalWarning"], silent: true });
  t.after(() => child.kill("SIGKILL"));
  let log = "";
  for (const out of [child.stdout, child.stderr]) out?.on("data", (part) => (log += String(part)));
  const [ready] = (await once(child, "message")) as [PartMessage];
  assert.ok(ready.type === "ready");
  const [url, password] = [ready.url ?? "", ready.firstPassword ?? ""];
  const client = HubClient.fromFile(join(data, "client.json"));
  const ca = readFileSync(join(data, "hub", "ca.pem"), "utf8");
  const agent = new Agent({ ca, keepAlive: true });
  t.after(() => agent.destroy());
  const post = (path: string, body: unknown, headers = {}) =>
    sendBytes(url + path, Buffer.from(JSON.stringify(body)), agent, { ...json, ...headers });

  const made = await client.post("/api/v1/tokens", { user: "admin", password, name: "a token" }, tokenSchema);
  const account = await client.post("/api/v1/accounts", { user: "ana", role: "viewer" }, madeAccountSchema);
  const workspace = await client.post("/api/v1/workspaces", { workspace: "shop" }, madeWorkspaceSchema);
  const audit = await client.post("/api/v1/audit-credentials", { cluster: "shop" }, auditCredentialSchema);
  const first = await client.post("/api/v1/enrolment-tokens", { cluster: "shop" }, enrolmentTokenSchema);
  const unused = await client.post("/api/v1/enrolment-tokens", { cluster: "shop" }, enrolmentTokenSchema);
  (await enrolNode(url, ca, first.token ?? "", "n1")).destroy();
  const local = readFileSync(join(data, "hub", "local-enrolment.token"), "utf8");
  (await enrolNode(url, ca, local, hostname())).destroy();
  // Each of these is refused.
  const { csr } = await newNodeKey();
  const wrongToken = `atalaya-enroll.abcdefgh.${marker.padEnd(43, "x")}.${"0".repeat(64)}`;
  const refused = [
    await post("/api/v1/login", { user: `${marker}-user`, password: `${marker}-password` }),
    await post("/api/v1/tokens", { user: "admin", password: `${marker}-password`, name: "x" }),
    await post("/api/v1/login", { user: "admin", password: { marker } }),
    await post(`/api/v1/enrolment-tokens?${marker}`, {}, { authorization: `Bearer atlt_${marker}`, cookie: marker }),
    await post("/v1/enroll", { csr, node: "n1", token: wrongToken }),
    await post("/v1/enroll", { csr, node: "n1", service_account_token: `${marker}.${marker}.${marker}` }),
    await post("/v1/enroll", { csr: marker, node: marker.padEnd(300, " "), token: wrongToken }),
    await post("/v1/audit/shop", { items: [marker] }, { authorization: `Bearer atla_${marker}` }),
  ];
  for (const { status, text } of refused) {
    assert.ok(status >= 400 && status < 500, `${status} ${text}`);
    assert.equal(text.includes(marker), false, "a refusal does not repeat what it refused");
  }
  await client.text("/api/v1/changes");
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;

  const secrets: Record<string, string> = { marker, password, "a token": made.token, account: account.password };
  secrets["workspace"] = workspace.password;
  secrets["audit"] = audit.token ?? "";
  for (const [name, text] of Object.entries({ used: first.token, unused: unused.token, local }))
    secrets[`enrolment, ${name}`] = readEnrolmentToken(text ?? "")?.secret ?? "";
  secrets["client"] = (JSON.parse(readFileSync(join(data, "client.json"), "utf8")) as { token: string }).token;
  assert.match(log, /signed in/, "the log was kept");
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  assert.ok(files.length > 5);
  for (const [name, secret] of Object.entries(secrets)) {
    assert.ok(secret.length >= 13, name);
    assert.equal(log.includes(secret), false, `${name} is in the log`);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      const isOwn =
        ownFiles.some((own) => path === join(data, own)) && (name === "client" || name === "enrolment, local");
      if (!isOwn) assert.equal(readFileSync(path).includes(secret), false, `${name} is in ${path}`);
    }
  }
});
