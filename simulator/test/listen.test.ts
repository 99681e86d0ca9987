import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import fc from "fast-check";
import { threatIntelligence, webShell } from "../src/attack/expected-alerts.ts";
import { readFalcoAlerts } from "../src/listen/falco-alert.ts";
import { FalcoListener, readAddress } from "../src/listen/falco-listener.ts";
import { checkMapping, readMapping } from "../src/listen/mapping.ts";

// As Falco 0.44's http_output posts it.
const posted = {
  hostname: "node-1",
  output: "10:00:00.000000000: Notice Shell spawned by untrusted binary (…)",
  output_fields: {
    "container.id": "0123456789ab",
    "k8s.ns.name": "here",
    "k8s.pod.name": "victim",
    "evt.time": 1_790_000_000_000_000_000,
    "user.name": null,
  },
  priority: "Notice",
  rule: "Run shell untrusted",
  source: "syscall",
  tags: ["T1059.004", "maturity_stable"],
  time: "2026-10-01T10:00:00.000000000Z",
};

async function withListener(use: (listener: FalcoListener) => Promise<void>): Promise<void> {
  const listener = await FalcoListener.open("127.0.0.1:0", readMapping(undefined));
  try {
    await use(listener);
  } finally {
    await listener.close();
  }
}
const post = (url: string, body: string) => fetch(url, { method: "POST", body });

test("an alert of Falco that is posted is found by the victim's pod, and by its short container id", async () => {
  await withListener(async (listener) => {
    const beganUs = Date.now() * 1000;
    const subjects = [
      { containerIds: [], pod: { namespace: "here", name: "victim" } },
      { containerIds: [`0123456789ab${"0".repeat(52)}`] },
    ];
    const waits = subjects.map((subject) =>
      listener.wait({ rules: listener.rulesFor(webShell), subject, beganUs }, beganUs + 5_000_000),
    );
    assert.equal((await post(listener.url, JSON.stringify(posted))).status, 200);
    for (const wait of waits) assert.equal((await wait)?.rule, posted.rule);
  });
});

test("what is no alert is refused and counted, and the next one is taken", async () => {
  await withListener(async (listener) => {
    assert.equal((await post(listener.url, "not an alert")).status, 400);
    assert.equal((await post(listener.url, `{"rule":"${"x".repeat(1024 * 1024)}"}`)).status, 413);
    assert.equal((await fetch(listener.url, { method: "PUT", body: "{}" })).status, 405);
    assert.equal((await fetch(listener.url)).status, 200);
    assert.equal(listener.refused, 2);
    await post(listener.url, JSON.stringify(posted));
    assert.equal(listener.arrivals.length, 1);
  });
});

test("a list of alerts and one a line are taken as well", () => {
  const list = readFalcoAlerts(JSON.stringify([posted, { priority: "Notice" }, posted]), 1);
  assert.deepEqual([list.arrivals.length, list.refused], [2, 1]);
  const lines = readFalcoAlerts(`${JSON.stringify(posted)}\n\n${JSON.stringify(posted)}\nnonsense\n`, 1);
  assert.deepEqual([lines.arrivals.length, lines.refused], [2, 1]);
});

test("no body makes the reader throw, and fields of another type are unknown", () => {
  fc.assert(fc.property(fc.string(), (text) => void readFalcoAlerts(text, 1)));
  fc.assert(fc.property(fc.json(), (text) => void readFalcoAlerts(text, 1)));
  const odd = { rule: "r", output_fields: { "container.id": 5, "k8s.ns.name": "<NA>", "k8s.pod.name": null } };
  const [arrival] = readFalcoAlerts(JSON.stringify(odd), 1).arrivals;
  assert.deepEqual(
    [arrival?.containerId, arrival?.containerIdStart, arrival?.namespace, arrival?.pod],
    Array(4).fill(undefined),
  );
});

test("the mapping of Falco's rules is one, and what Falco does not claim has no rule", async () => {
  const mapping = readMapping(undefined);
  assert.match(mapping.product, /Falco/);
  await withListener(async (listener) => {
    assert.deepEqual(listener.rulesFor(threatIntelligence), []);
    assert.ok(listener.rulesFor(webShell).includes("Run shell untrusted"));
  });
});

test("a mapping that is none says where", () => {
  const usage = (pattern: RegExp) => (error: unknown) =>
    error instanceof Fault && error.code === "USAGE" && pattern.test(error.message);
  const good = { format: "atalaya-simulation-mapping/1", product: "p", alerts: { [webShell.alert]: ["r"] } };
  assert.deepEqual(checkMapping(good, "m.json"), good);
  assert.throws(() => checkMapping({ ...good, format: "2" }, "m.json"), usage(/m\.json is no mapping: format/));
  assert.throws(() => checkMapping({ ...good, alerts: { [webShell.alert]: "r" } }, "m.json"), usage(/alerts/));
  assert.throws(
    () => checkMapping({ ...good, alerts: { "Web shel": ["r"] } }, "m.json"),
    usage(/"Web shel".*Possible Web Shell/),
  );
  assert.throws(() => readMapping("/nowhere/m.json"), usage(/cannot be read/));
});

test("an address to listen on is HOST:PORT", async () => {
  assert.deepEqual(readAddress("0.0.0.0:2801"), { host: "0.0.0.0", port: 2801 });
  assert.deepEqual(readAddress("[::1]:80"), { host: "::1", port: 80 });
  for (const text of ["2801", "localhost", "a:b", ":80", "a:99999", "::1:80"])
    assert.throws(() => readAddress(text), /HOST:PORT/);
  await withListener(async ({ url }) => {
    await assert.rejects(
      FalcoListener.open(`127.0.0.1:${new URL(url).port}`, readMapping(undefined)),
      (error: unknown) => error instanceof Fault && error.code === "PORT_TAKEN",
    );
  });
});
