import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeFrame, type ProcessQuery } from "@atalaya/wire";
import { inventoryFrame, podRow } from "../frames.ts";
import { evilExec, frameOf, openTestHub, processEvent, sender } from "./hub-fixture.ts";

const hourUs = 3_600_000_000;

async function hubWithHistory(t: Parameters<typeof openTestHub>[0]) {
  const { hub } = await openTestHub(t);
  const now = Date.now() * 1_000;
  const of = (pid: number) => ({ pid, start_us: pid * 1_000, time_us: now - (1_000 - pid) * 1_000 });
  const many = Array.from({ length: 120 }, (_, i) =>
    processEvent({ ...of(200 + i), name: "true", argv: ["true", `${i}`] }),
  );
  await hub.ingest(
    [
      frameOf([
        ...many,
        processEvent({ ...of(400), activity: "fork", name: "sh", argv: null }),
        processEvent({ ...of(400), name: "sh", exe_path: "/bin/sh", argv: ["sh", "-c", "Get 100%_done"], uid: 33 }),
        processEvent({
          ...of(400),
          time_us: now - 500_000,
          name: "nmap",
          exe_path: "/usr/bin/nmap",
          argv: ["nmap", "-Pn"],
        }),
        processEvent({ ...of(400), time_us: now - 400_000, activity: "exit", exit_code: 0 }),
        processEvent({ ...of(401), name: "sshd", argv: ["sshd"], container_id: "host" }),
        evilExec({ ...of(402), container_id: "deadbeef00" }),
      ]),
    ],
    sender,
  );
  const names = async (query: ProcessQuery) => (await hub.processPage("main", query)).processes.map((one) => one.name);
  return { hub, names, now };
}

test("programs are found by name, words of the command line, container, user and time", async (t) => {
  const { hub, names, now } = await hubWithHistory(t);
  assert.deepEqual(await names({ name: "sh,sshd" }), ["sshd", "sh"]);
  assert.deepEqual(await names({ q: "get -C" }), ["sh"]);
  assert.deepEqual(await names({ q: "100%_done" }), ["sh"]);
  assert.deepEqual(await names({ q: "100__done" }), []);
  assert.deepEqual(await names({ container: "deadbe" }), ["evil"]);
  assert.deepEqual(await names({ container: "host" }), ["sshd"]);
  assert.deepEqual(await names({ uid: "33" }), ["sh"]);
  assert.deepEqual(await names({ since_us: now - 550_000 }), ["nmap"]);
  assert.deepEqual(await names({ until_us: now - hourUs }), []);
  assert.deepEqual(await names({ node: "another" }), []);
  assert.deepEqual((await hub.processPage("another", { name: "sh" })).processes, []);
});

test("programs are found by the pod that they ran in, as far as the inventory knows its containers", async (t) => {
  const { hub, names } = await hubWithHistory(t);
  const inPod = (container_id: string) => {
    const containers = [{ name: "web", role: "app", image: "nginx:1.29", container_id }];
    return { facts: JSON.stringify({ containers }) };
  };
  const rows = [
    podRow(inPod("deadbeef00")),
    podRow({ ...inPod("host"), uid: "pod-2", k8s_namespace: "bank" }),
    podRow({ uid: "pod-3", object_name: "web-3" }),
  ];
  const read = decodeFrame(inventoryFrame(rows, { node: "node-1" }));
  assert.ok(read.ok);
  await hub.ingest([read.value], sender);
  assert.deepEqual(await names({ pod: "web-1" }), ["evil", "sshd"]);
  assert.deepEqual(await names({ pod: "shop/web-1" }), ["evil"]);
  assert.deepEqual(await names({ pod: "shop/web-1", name: "sshd" }), []);
  assert.deepEqual(await names({ pod: "web-1", cluster: "another" }), []);
  assert.deepEqual(await names({ pod: "web-3" }), [], "no container of it ran yet");
  assert.deepEqual(await names({ pod: "shop/none,bank/web-1" }), ["sshd"]);
});

test("what was found says where it ran, when it ended, and which alerts are about it", async (t) => {
  const { hub, now } = await hubWithHistory(t);
  const [nmap] = (await hub.processPage("main", { name: "nmap" })).processes;
  assert.deepEqual([nmap?.node, nmap?.cluster, nmap?.ended_us], ["node-1", "local", now - 400_000]);
  const [shell] = (await hub.processPage("main", { name: "sh" })).processes;
  assert.equal(shell?.ended_us, undefined, "another program took over from it");
  const [evil] = (await hub.processPage("main", { name: "evil" })).processes;
  assert.deepEqual(
    evil?.alerts?.map((one) => one.title.en),
    ["Evil program"],
  );
});

test("pages follow each other without a gap or a repeat, and the last one says so", async (t) => {
  const { hub } = await hubWithHistory(t);
  const seen: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const page = await hub.processPage("main", {
      name: "true",
      limit: 50,
      ...(cursor === undefined ? {} : { cursor }),
    });
    seen.push(...page.processes.map((one) => one.cmdline));
    cursor = page.next_cursor;
    pages += 1;
  } while (cursor !== undefined && pages < 10);
  assert.equal(pages, 3);
  assert.deepEqual(
    seen,
    Array.from({ length: 120 }, (_, i) => `true ${119 - i}`),
  );
});

test("a cursor that is none is the first page", async (t) => {
  const { names } = await hubWithHistory(t);
  assert.deepEqual(await names({ name: "nmap", cursor: "'; DROP TABLE" }), ["nmap"]);
});
