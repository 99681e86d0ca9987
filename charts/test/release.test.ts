import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { KubeClient } from "@atalaya/kube";
import { type TestServer, testServer } from "../../kube/test/test-server.ts";
import { proxyServer } from "../../publisher/test/stand-in-proxy.ts";
import { readReleaseArguments } from "../release/arguments.ts";
import { leave } from "../release/leave.ts";
import { verify } from "../release/verify.ts";
import { Workloads } from "../release/workloads.ts";

type DaemonSet = {
  args: string[];
  generation: number;
  observed: number;
  wanted: number;
  updated: number;
  ready: number;
};

/** The part of apps/v1 that the jobs ask, and what they changed. */
class Workshop {
  readonly patches: { path: string; body: unknown }[] = [];
  readonly daemonSets = new Map<string, DaemonSet>();
  replicas = 1;
  running = 1;
  pods: object[] = [];
  /** What the controllers do after each patch. */
  react: () => void = () => {};

  handle(request: IncomingMessage, response: ServerResponse): void {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      if (request.url === "/healthz") return void response.end();
      if (request.url?.startsWith("/api/v1/namespaces/ours/pods?")) {
        response.setHeader("content-type", "application/json");
        return void response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, items: this.pods }));
      }
      const [, kind, name] = /\/apis\/apps\/v1\/namespaces\/ours\/(\w+)\/([a-z-]+)$/.exec(request.url ?? "") ?? [];
      if (request.method === "PATCH") this.#patch(String(name), JSON.parse(body));
      const found = kind === "daemonsets" ? this.#daemonSet(String(name)) : this.#deployment();
      response.setHeader("content-type", "application/json");
      response.statusCode = found === undefined ? 404 : 200;
      response.end(JSON.stringify(found ?? { kind: "Status", status: "Failure", reason: "NotFound", code: 404 }));
    });
  }

  #patch(name: string, operations: { path: string; value: unknown }[]): void {
    this.patches.push({ path: name, body: operations });
    const set = this.daemonSets.get(name);
    for (const { path, value } of operations) {
      if (path.endsWith("/args/-")) set?.args.push(String(value));
      if (path === "/spec/replicas") this.replicas = Number(value);
    }
    if (set !== undefined) set.generation += 1;
    this.react();
  }

  #daemonSet(name: string): object | undefined {
    const set = this.daemonSets.get(name);
    if (set === undefined) return undefined;
    return {
      metadata: { generation: set.generation },
      spec: { template: { spec: { containers: [{ args: set.args }] } } },
      status: {
        observedGeneration: set.observed,
        desiredNumberScheduled: set.wanted,
        updatedNumberScheduled: set.updated,
        numberReady: set.ready,
      },
    };
  }

  #deployment(): object {
    const { replicas, running } = this;
    const status = { observedGeneration: 1, replicas: running, updatedReplicas: running, readyReplicas: running };
    return { metadata: { generation: 1 }, spec: { replicas }, status };
  }
}

const fresh = (wanted: number): DaemonSet => ({
  args: ["--node=n"],
  generation: 1,
  observed: 1,
  wanted,
  updated: wanted,
  ready: wanted,
});

/** A pod of a DaemonSet, as far as the job looks at it. */
function pod(
  owner: string,
  name: string,
  node: string,
  change: { args?: string[]; ready?: string; ending?: boolean } = {},
) {
  const { args = ["--leave"], ready = "True", ending = false } = change;
  return {
    metadata: {
      name,
      ownerReferences: [{ kind: "DaemonSet", name: owner }],
      ...(ending && { deletionTimestamp: "2030-01-01T00:00:00Z" }),
    },
    spec: { nodeName: node, containers: [{ args }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: ready }] },
  };
}

/** The DaemonSet's controller binds it to its node, and no scheduler has found room there. */
function unscheduled(owner: string, name: string, node: string): object {
  const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [node] }] }];
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  const spec = { containers: [{ args: ["--leave"] }], affinity: { nodeAffinity } };
  return { ...pod(owner, name, node), spec, status: { phase: "Pending" } };
}
let workshop: Workshop;
let server: TestServer;
let client: KubeClient;
let workloads: Workloads;
const lines: string[] = [];
const say = (line: string) => void lines.push(line);
const names = {
  namespace: "ours",
  daemonSets: ["collector", "publisher"],
  deployments: ["misc"],
  folders: ["/run/x", "/var/lib/x"],
};

before(async () => {
  server = await testServer((request, response) => workshop.handle(request, response));
  client = new KubeClient({ url: server.url, serverName: undefined, access: server.access({ token: "t" }) });
  workloads = new Workloads(client, "ours");
});
after(async () => {
  client.close();
  await server.close();
});
beforeEach(() => {
  workshop = new Workshop();
  workshop.daemonSets.set("collector", fresh(3)).set("publisher", fresh(3));
  lines.length = 0;
});

describe("leaving", () => {
  test("every pod starts anew with --leave, on all nodes at once, and is waited for", { timeout: 20_000 }, async () => {
    workshop.react = () => {
      workshop.running = workshop.replicas;
      for (const set of workshop.daemonSets.values()) Object.assign(set, { observed: set.generation });
    };
    assert.equal(await leave(workloads, names, say), true);
    for (const set of workshop.daemonSets.values()) assert.deepEqual(set.args, ["--node=n", "--leave"]);
    assert.deepEqual(workshop.patches.at(-1), {
      path: "publisher",
      body: [
        { op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--leave" },
        { op: "replace", path: "/spec/updateStrategy/rollingUpdate/maxUnavailable", value: "100%" },
      ],
    });
    assert.deepEqual(lines, ["misc 0/0, collector 3/3, publisher 3/3", "nothing of the sensors is left on any node"]);
  });

  test("a second try adds no second mark, and what somebody deleted by hand is no obstacle", {
    timeout: 20_000,
  }, async () => {
    workshop.daemonSets.delete("publisher");
    workshop.daemonSets.get("collector")?.args.push("--leave");
    workshop.react = () => {
      workshop.running = 0;
    };
    assert.equal(await leave(workloads, names, say), true);
    assert.deepEqual(
      workshop.patches.map(({ path }) => path),
      ["misc"],
    );
  });

  test("a status of before the mark is not believed; nodes that do not answer in time are named, with what to do", {
    timeout: 20_000,
  }, async () => {
    workshop.running = 0;
    workshop.pods = [
      unscheduled("collector", "collector-d", "node-4"),
      pod("collector", "collector-c", "node-3", { args: ["--node=n"], ending: true }),
      pod("publisher", "publisher-b", "node-2", { ready: "False" }),
      pod("collector", "collector-a", "node-1"),
      pod("another", "another-a", "node-9", { ready: "False" }),
    ];
    assert.equal(await leave(workloads, names, say, 100), false);
    assert.deepEqual(lines.slice(-7), [
      "the sensor has not left these nodes, which keep what it made in /run/x, /var/lib/x:",
      "  node-2: publisher-b is Running and has not left",
      "  node-3: collector-c was not told to leave, and does not end",
      "  node-4: collector-d is Pending and has not left",
      "when they answer again, or a minute after they were deleted from the cluster, run the same helm uninstall once more",
      "or delete the release without them: helm uninstall --no-hooks; then, on each such node, remove those folders",
      "these lines stay for a day: kubectl -n ours logs -l app.kubernetes.io/component=leaving --tail=-1",
    ]);
  });
});

describe("verifying", () => {
  test("it is well when every pod is ready, and says so", { timeout: 20_000 }, async () => {
    assert.equal(await verify(workloads, names, undefined, say), true);
    assert.equal(lines.at(-1), "every node is watched, and what its sensor saw reaches the hub");
  });

  test("a node whose sensor is not ready fails it, with where to look", { timeout: 20_000 }, async () => {
    Object.assign(workshop.daemonSets.get("publisher") ?? {}, { ready: 2 });
    assert.equal(await verify(workloads, names, undefined, say, 100), false);
    assert.deepEqual(lines, [
      "collector 3/3, publisher 2/3, misc 1/1",
      "not every pod is ready: kubectl describe pods -l app.kubernetes.io/name=atalaya tells why",
    ]);
  });

  test("where no node is meant for any sensor, nothing is well", { timeout: 20_000 }, async () => {
    for (const set of workshop.daemonSets.values()) Object.assign(set, { wanted: 0, updated: 0, ready: 0 });
    assert.equal(await verify(workloads, names, undefined, say, 100), false);
    assert.match(lines.at(-1) ?? "", /^no node is meant for collector, publisher: see nodes\.selector/);
  });
});

describe("asking the hub behind a proxy", () => {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-verify-"));
  const caFile = join(folder, "ca.pem");
  before(() => writeFileSync(caFile, server.authority.certificate));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const asked: string[] = [];

  async function verified(refuses: boolean): Promise<boolean> {
    const { server: proxy, url } = await proxyServer(asked, refuses);
    try {
      return await verify(workloads, names, { url: server.url, caFile, proxy: url }, say);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }

  test("it asks through the proxy, under the hub's own certificate", { timeout: 20_000 }, async () => {
    asked.length = 0;
    assert.equal(await verified(false), true);
    assert.deepEqual(asked, [new URL(server.url).host]);
    assert.match(lines.at(-1) ?? "", /^the hub answers at https:.* through http:.*: healthy$/);
  });

  test("another's certificate is not the hub's, also behind a proxy", { timeout: 20_000 }, async () => {
    const other = await testServer(() => {});
    writeFileSync(caFile, other.authority.certificate);
    try {
      await assert.rejects(verified(false), { code: "HUB_UNREACHABLE" });
    } finally {
      writeFileSync(caFile, server.authority.certificate);
      await other.close();
    }
  });

  test("a proxy that refuses is named", { timeout: 20_000 }, async () => {
    await assert.rejects(verified(true), /through the proxy http:.*the proxy refused the way to .* \(status 403\)/);
  });
});

test("a job that is told nonsense says what it takes", () => {
  assert.throws(() => readReleaseArguments(["leave"]), /--namespace/);
  assert.throws(() => readReleaseArguments(["go", "--namespace", "n"]), /leave or verify/);
  assert.throws(() => readReleaseArguments(["leave", "--namespace=n", "--patience=soon"]), /seconds/);
  assert.equal(readReleaseArguments(["leave", "--namespace=n", "--patience=7"]).patienceMs, 7_000);
  assert.equal(readReleaseArguments(["leave", "--namespace=n", "--daemon-set=a"]).daemonSets[0], "a");
});
