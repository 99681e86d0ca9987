import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  type Alert,
  alertPageSchema,
  alertSchema,
  blankEvent,
  EventEncoder,
  encodeFrame,
  encodeMessage,
  type FrameHeader,
  messageKinds,
  type NetworkEvent,
  type PartMessage,
  type ProcessEvent,
  recorderPolicySchema,
  type SyscallEvent,
} from "@atalaya/wire";
import { HubClient } from "@atalaya/wire/client";
import { Running } from "./running.ts";
import { StandInCollector } from "./stand-in-collector.ts";

const main = fileURLToPath(new URL("../../hub/src/main.ts", import.meta.url));
const evil = `
- rule: Evil Program
  desc: A program called evil was started
  condition: evt.type = execve and proc.name = evil
  output: Evil was run
  priority: Warning
`;

async function startHub(t: TestContext): Promise<{ data: string; port: number; client: HubClient }> {
  const data = mkdtempSync(join(tmpdir(), "atalaya-recorder-hub-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const rules = join(data, "evil.yaml");
  writeFileSync(rules, evil);
  const args = ["--data", data, "--listen", "127.0.0.1:0", "--cluster", "local", "--rules", rules];
  const stdio: ["ignore", "ignore", "ignore", "ipc"] = ["ignore", "ignore", "ignore", "ipc"];
  const hub: ChildProcess = fork(main, args, { stdio, execArgv: ["--disable-warning=ExperimentalWarning"] });
  t.after(async () => {
    const ended = once(hub, "exit");
    hub.kill("SIGTERM");
    await ended;
  });
  const [message] = (await once(hub, "message")) as [PartMessage];
  assert.ok(message.type === "ready", JSON.stringify(message));
  const client = HubClient.fromFile(join(data, "client.json"));
  return { data, port: Number(new URL(client.url).port), client };
}

const shared = { container_id: "c-1", k8s_namespace: "shop", pid: 70, tid: 70, start_us: 7_000, ppid: 1 };
const ancestors = { ancestor_pids: [1], ancestor_starts_us: [1], ancestor_names: ["init"] };
const nowUs = Date.now() * 1_000;
const exec: ProcessEvent = {
  ...blankEvent("process"),
  ...{ activity: "exec", time_us: nowUs, position: 64, name: "evil", exe_path: "/tmp/evil", argv: ["evil"] },
  ...shared,
  ...ancestors,
  ...{ parent_start_us: 1, ancestor_exe_paths: ["/sbin/init"], ancestor_cmdlines: ["init"] },
};
const connect: NetworkEvent = {
  ...blankEvent("network"),
  ...{ activity: "connect", time_us: nowUs - 90_000_000, position: 64, name: "evil" },
  ...shared,
  ...{ protocol: "tcp", dst_ip: "192.0.2.7", dst_port: 4_444 },
};

function frame(event: SyscallEvent, of: Partial<FrameHeader>): Buffer {
  const encoder = new EventEncoder();
  encoder.add(event);
  const time = event.time_us ?? 0;
  return encodeFrame(
    {
      ...{ class: event.class, ring: 0, eventCount: 1, firstPosition: 64, lastPosition: 64 },
      ...{ firstTimeUs: time, lastTimeUs: time, bootId: "0".repeat(32), layoutHash: "1".repeat(16) },
      ...{ node: hostname(), cluster: "local", containerId: "", workspace: "", ...of },
    },
    encoder.bytes(),
  );
}

async function answeredAlert(client: HubClient): Promise<Alert> {
  for (;;) {
    const { alerts } = await client.get("/api/v1/alerts?rule=Evil%20Program", alertPageSchema);
    const id = alerts[0]?.alert_id;
    const alert = id === undefined ? undefined : await client.get(`/api/v1/alerts/${id}`, alertSchema);
    if (alert?.recording?.state === "answered") return alert;
    await new Promise((done) => setTimeout(done, 200));
  }
}

test("with the real hub: what was recorded stays on the node until an alert pulls its container's window", {
  timeout: 120_000,
}, async (t) => {
  const { data, port, client } = await startHub(t);
  await client.put(
    "/api/v1/recorder-policy",
    { scopes: [{ name: "shop", namespaces: ["shop"] }] },
    recorderPolicySchema,
  );
  const running = new Running();
  t.after(() => running.remove());
  const names = ["--node", hostname(), "--cluster", "local"];
  await running.start(port, ["--enroll-token", join(data, "hub", "local-enrolment.token"), ...names]);
  const collector = await StandInCollector.connect(running.socket);
  await collector.until(() => collector.states.length > 0);
  assert.match(collector.states.at(-1)?.state ?? "", /"recorder":\{"scopes":\[\{"name":"shop"/);
  const of = { containerId: "c-1", layoutHash: "a".repeat(16), firstPosition: 2, lastPosition: 2 };
  const other = frame({ ...connect, container_id: "c-2" }, { ...of, containerId: "c-2" });
  for (const one of [frame(connect, of), other]) collector.write(encodeMessage(messageKinds.recorded, one));
  // A publisher that is killed keeps what it had written.
  await new Promise((done) => setTimeout(done, 2_000));
  await running.end("SIGKILL");
  await running.start(port, names);
  const again = await StandInCollector.connect(running.socket);
  again.send(frame(exec, {}));
  const alert = await answeredAlert(client);
  assert.deepEqual(alert.recording?.counts, [{ class: "network", events: 1, earlier: 1, lost: 0 }]);
  const row = alert.process_tree.find((one) => one.subject);
  assert.deepEqual(
    row?.recorded?.map((one) => [one.activity, one.what]),
    [["connect", "tcp 192.0.2.7:4444"]],
  );
});
