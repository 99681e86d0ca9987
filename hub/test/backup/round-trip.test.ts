import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import { alertPageSchema } from "@atalaya/wire";
import { execEvent, processFrame } from "../frames.ts";
import { HubProcess } from "../server/hub-process.ts";

const cli = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
const atalaya = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", cli, ...args]);

let serial = 0;
function attack(): { container: string; frame: Buffer } {
  serial += 1;
  const container = `${serial}`.padStart(12, "0").padEnd(64, "f");
  const nowUs = Date.now() * 1_000;
  const event = execEvent({
    ...{ time_us: nowUs, start_us: nowUs, exec_us: nowUs, pid: 10_000 + serial, ppid: 4_200, uid: 33, euid: 33 },
    ...{ name: "sh", exe_path: "/usr/bin/dash", filename: "/bin/sh", argv: ["sh", "-c", "id; uname -a"] },
    ...{ ancestor_pids: [4_200], ancestor_starts_us: [1_000_000], ancestor_names: ["nginx"] },
    ...{ ancestor_exe_paths: ["/usr/sbin/nginx"], ancestor_cmdlines: ["nginx: worker process"] },
    ...{ position: serial * 64, container_id: container, container_reason: "the bundle has no annotations" },
  });
  return { container, frame: processFrame([event]) };
}

test("a backup of a working hub holds all that was acknowledged before it, and sensors go on at the restored one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "atalaya-backup-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const hub = await HubProcess.start(t);
  const acknowledged: string[] = [];
  const waitsMs: number[] = [];
  const send = async () => {
    const { container, frame } = attack();
    const sent = performance.now();
    const answer = await hub.ingest([frame]);
    waitsMs.push(performance.now() - sent);
    assert.equal(answer.status, 200, answer.text);
    acknowledged.push(container);
    return frame;
  };
  for (let i = 0; i < 40; i++) await send();
  const file = join(folder, "hub.tar.zst");
  const before = acknowledged.length;
  let isMaking = true;
  const making = atalaya("backup", file, "--data", hub.data).finally(() => {
    isMaking = false;
  });
  let last: Buffer = Buffer.alloc(0);
  while (isMaking) last = await send();
  await making;
  assert.ok(acknowledged.length > before, "events were taken meanwhile");
  // A bound of the product, not of this machine: a sender waits no longer than an alert may take.
  assert.ok(Math.max(...waitsMs) < 5_000);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  // A person can open it.
  const tar = zstdDecompressSync(readFileSync(file));
  const listed = execFileSync("tar", ["-tf", "-"], { input: tar, encoding: "utf8", maxBuffer: 1 << 20 }).split("\n");
  for (const name of ["manifest.json", "hub/hub.sqlite", "hub/ca.pem", "hub/ca.key"])
    assert.ok(listed.includes(name), name);
  await assert.rejects(atalaya("backup", file, "--data", hub.data), /is there already/);
  await hub.stop("SIGKILL");

  const data = join(folder, "restored");
  const { stdout } = await atalaya("restore", file, "--data", data);
  assert.match(stdout, /restored \d+ files/);
  const restored = await HubProcess.start(t, [], data);
  const { alerts } = await restored.client().get("/api/v1/alerts?limit=200", alertPageSchema);
  const stored = new Set(alerts.map((alert) => alert.where.container_id));
  for (const container of acknowledged.slice(0, before)) assert.ok(stored.has(container), container);
  // A sensor of the old hub: its credential, and the authority that it trusts.
  hub.url = restored.url;
  const again = await hub.ingest([last, attack().frame]);
  assert.equal(again.status, 200, again.text);
  assert.ok(JSON.parse(again.text).accepted >= 1);
});
