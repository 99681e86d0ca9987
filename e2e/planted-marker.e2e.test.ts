// A planted marker goes in where people put secrets, through the real sensor and the real hub, and is found nowhere.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { auditCredentialSchema } from "@atalaya/wire";
import { skipUnless } from "../tools/testing/needs.ts";
import { startStack } from "./stack.ts";

const marker = `MARKER${process.pid}x8c2e5`;
const program = `planted-${process.pid}`;
const argumentsWithSecrets = [
  [`--password=${marker}`],
  ["--token", marker],
  ["-H", `Authorization: Bearer ${marker}`],
  [`postgres://user:${marker}@db.example/shop`],
  [`AWS_SECRET_ACCESS_KEY=${marker}`],
];

function auditRecord(i: number, requestObject: unknown, responseObject?: unknown) {
  return {
    ...{ kind: "Event", apiVersion: "audit.k8s.io/v1", level: "RequestResponse", auditID: `planted-${i}` },
    ...{ stage: "ResponseComplete", requestURI: "/api/v1/namespaces/shop/secrets", verb: "create" },
    user: { username: "eve", groups: ["system:authenticated"] },
    ...{ sourceIPs: ["192.0.2.1"], userAgent: "kubectl/v1.34.0" },
    objectRef: { resource: "secrets", namespace: "shop", name: "planted", apiVersion: "v1" },
    ...{ responseStatus: { code: 201 }, requestObject, responseObject },
    ...{ requestReceivedTimestamp: "2026-01-01T00:00:00Z", stageTimestamp: "2026-01-01T00:00:01Z" },
  };
}

test("a marker in command lines, environment and audit bodies is in no file, no spool and no log", {
  skip: skipUnless("kernel"),
  timeout: 120_000,
}, async () => {
  const stack = await startStack({ keepData: true });
  const path = join(tmpdir(), program);
  try {
    copyFileSync("/bin/true", path);
    const seen: string[] = [];
    const [opened, last] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const stop = new AbortController();
    const following = stack.client.follow(
      "events",
      { name: program, class: "process" },
      ({ data }) => {
        const text = JSON.stringify(data);
        seen.push(text);
        if (text.includes("the-last-one")) last.resolve();
      },
      stop.signal,
      () => opened.resolve(),
    );
    await opened.promise;
    const env = { ...process.env, PLANTED_PASSWORD: marker };
    for (const args of [...argumentsWithSecrets, ["the-last-one"]]) spawnSync(path, args, { env });
    await last.promise;
    stop.abort();
    await following;
    assert.ok(
      seen.some((text) => text.includes("<redacted>")),
      "the command lines went through, redacted",
    );
    assert.equal(seen.join("\n").includes(marker), false, "what the stream shows");

    const credential = await stack.client.post("/api/v1/audit-credentials", { cluster: "c" }, auditCredentialSchema);
    const secret = { kind: "Secret", stringData: { password: marker }, data: { key: btoa(marker) } };
    const pod = { kind: "Pod", spec: { containers: [{ name: "a", env: [{ name: "DB_PASSWORD", value: marker }] }] } };
    const items = [
      auditRecord(1, secret, secret),
      auditRecord(2, pod),
      auditRecord(3, undefined, { status: { token: marker } }),
    ];
    const agent = new Agent({ ca: readFileSync(join(stack.dataFolder, "hub", "ca.pem")) });
    const headers = { "content-type": "application/json", authorization: `Bearer ${credential.token}` };
    const sent = request(`${stack.url}/v1/audit/c`, { method: "POST", headers, agent });
    sent.end(JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", items }));
    const [answer] = await once(sent, "response");
    answer.resume();
    assert.equal(answer.statusCode, 200);
    agent.destroy();
    const status = await stack.stop();
    assert.equal(status, 0);

    const found = spawn("grep", ["-rlaE", `${marker}|${btoa(marker).slice(0, -3)}`, stack.dataFolder]);
    let files = "";
    found.stdout.on("data", (part) => {
      files += part;
    });
    await once(found, "close");
    assert.equal(files, "");
    assert.equal(stack.lines.join("\n").includes(marker), false, "the log");
    assert.ok(readdirSync(join(stack.dataFolder, "hub")).length > 3);
  } finally {
    if (stack.process.exitCode === null) await stack.stop();
    rmSync(path, { force: true });
    rmSync(stack.dataFolder, { recursive: true, force: true });
  }
});
