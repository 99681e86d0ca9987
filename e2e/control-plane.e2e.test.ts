import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { alertPageSchema } from "@atalaya/wire";
import { parse } from "yaml";
import { type Stack, startStack } from "./stack.ts";

const main = fileURLToPath(new URL("../cli/src/main.ts", import.meta.url));
const samples = fileURLToPath(new URL("../detections/samples/", import.meta.url));
const rules = {
  "suspicious-service-account-operation": "Suspicious Service Account Operation",
  "privileged-container": "Privileged Container",
  "cluster-admin-binding": "Cluster Admin Binding",
  "exec-into-pod": "Exec Into Pod",
  "exposed-service": "Exposed Service",
  "audit-record-without-its-body": "Audit Record Without Its Body",
};

let stack: Stack | undefined;
before(async () => {
  stack = await startStack({ sensor: false });
});
after(async () => {
  await stack?.stop();
});

/** The audit records of a rule's samples, as an API server wrote them. */
function records(slug: string, kind: "fires" | "quiet"): unknown[] {
  const names = readdirSync(samples + slug).filter((name) => name.startsWith(kind));
  return names.flatMap((name) => {
    const sample = JSON.parse(readFileSync(`${samples}${slug}/${name}`, "utf8")) as { records: unknown[] };
    return sample.records;
  });
}

type Kubeconfig = {
  clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
  users: { user: { token: string } }[];
};

/** Reads the kubeconfig and posts as kube-apiserver's webhook backend does: an EventList, bearer token, pinned CA. */
function post(kubeconfig: Kubeconfig, items: unknown[], token?: string): Promise<number> {
  const cluster = kubeconfig.clusters[0]?.cluster;
  const user = kubeconfig.users[0]?.user;
  assert.ok(cluster !== undefined && user !== undefined);
  const body = JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items });
  const ca = Buffer.from(cluster["certificate-authority-data"], "base64");
  const headers = { "content-type": "application/json", authorization: `Bearer ${token ?? user.token}` };
  return new Promise((resolve, reject) => {
    const sent = request(`${cluster.server}?timeout=30s`, { method: "POST", ca, headers }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("an EventList posted with the printed kubeconfig gives the six control-plane alerts and no others", async () => {
  assert.ok(stack);
  const args = [
    "--disable-warning=ExperimentalWarning",
    main,
    "audit",
    "kubeconfig",
    "prod",
    "--data",
    stack.dataFolder,
  ];
  const kubeconfig = parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Kubeconfig;
  const slugs = Object.keys(rules);
  const fired = async () => {
    assert.ok(stack);
    const page = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
    return new Set(page.alerts.map((alert) => alert.rule));
  };
  assert.equal(
    await post(
      kubeconfig,
      slugs.flatMap((slug) => records(slug, "quiet")),
    ),
    200,
  );
  assert.deepEqual(await fired(), new Set());
  assert.equal(
    await post(
      kubeconfig,
      slugs.flatMap((slug) => records(slug, "fires")),
    ),
    200,
  );
  assert.deepEqual(await fired(), new Set(Object.values(rules)));
  assert.equal(await post(kubeconfig, [], "wrong"), 401);
});

test("a revoked audit credential is refused", async () => {
  assert.ok(stack);
  const run = (...args: string[]) =>
    execFileSync(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", main, "audit", ...args, "--data", stack?.dataFolder ?? ""],
      {
        encoding: "utf8",
      },
    );
  const kubeconfig = parse(run("kubeconfig", "staging")) as Kubeconfig;
  assert.equal(await post(kubeconfig, []), 200);
  const id = /^(\S+)\s+staging/m.exec(run("list"))?.[1];
  assert.ok(id !== undefined);
  run("revoke", id);
  assert.equal(await post(kubeconfig, []), 401);
});
