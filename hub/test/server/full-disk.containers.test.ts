import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { zstdDecompressSync } from "node:zlib";
import { alertPageSchema, alertSchema, Fault, sessionSchema, statusSchema } from "@atalaya/wire";
import { skipUnless } from "../../../tools/testing/needs.ts";
import { openMigrated } from "../../src/store/migrate.ts";
import { execEvent, processFrame } from "../frames.ts";
import { HubProcess } from "./hub-process.ts";

/** A disk of its own, really small; gone with the test. */
function smallDisk(t: TestContext, mebibytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-disk-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "atalaya-test", folder]);
  t.after(() => {
    execFileSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Takes every byte that is left. */
function fill(path: string): void {
  const file = openSync(path, "a");
  try {
    for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
      try {
        for (;;) writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      }
    }
  } finally {
    closeSync(file);
  }
}

let serial = 0;
/** A frame with one exec of a shell below a web server: an alert. */
function attack(): { container: string; frame: Buffer } {
  serial += 1;
  // Rules see the first twelve digits.
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

/** Asks until it is so; a hub that never gets there ends the test by its deadline. */
async function until(what: string, is: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await is())) {
    assert.ok(performance.now() < deadline, what);
    await pause(100);
  }
}

test("a full disk is told to senders and people, reads and sign-in go on, and nothing acknowledged is lost", {
  skip: skipUnless("containers"),
}, async (t) => {
  const hub = await HubProcess.start(t, ["--reset-password"], smallDisk(t, 96));
  const status = () => hub.client().get("/api/v1/status", statusSchema);
  const acknowledged: string[] = [];
  const send = async () => {
    const { container, frame } = attack();
    const answer = await hub.ingest([frame]);
    if (answer.status === 200) acknowledged.push(container);
    return answer;
  };
  const alerts = async () => {
    const page = await hub.client().get("/api/v1/alerts?limit=200", alertPageSchema);
    return page.alerts;
  };
  for (let i = 0; i < 20; i++) assert.equal((await send()).status, 200);
  assert.equal((await status()).writable, true);
  assert.ok(((await status()).store_bytes ?? 0) > 100_000);

  const ballast = join(hub.data, "ballast");
  // From now on until it is noticed, what is sent meets the real end of the disk.
  fill(ballast);
  const refused: string[] = [];
  await until("an answer that says the disk is full", async () => {
    const answer = await send();
    if (answer.status === 507) refused.push(answer.retryAfter ?? "");
    assert.ok(answer.status === 200 || answer.status === 507, `${answer.status} ${answer.text}`);
    if (answer.status === 507) assert.equal(JSON.parse(answer.text).code, "STORE_FULL");
    return refused.length >= 5;
  });
  assert.ok(refused.every((seconds) => Number(seconds) >= 1));
  await until("the status to say so", async () => (await status()).writable === false);
  const [first] = await alerts();
  assert.ok(first !== undefined);
  await hub.client().get(`/api/v1/alerts/${first.alert_id}`, alertSchema);
  const session = await hub.signIn();
  const who = sessionSchema.parse(JSON.parse((await hub.request("GET", "/api/v1/session", { cookie: session })).text));
  assert.equal(who.user, "admin");

  rmSync(ballast);
  await until("the disk to be used again", async () => (await send()).status === 200);
  await until("the status to say so", async () => (await status()).writable === true);
  await hub.stop("SIGKILL");
  await hub.start();
  const stored = new Set((await alerts()).map((alert) => alert.where.container_id));
  for (const container of acknowledged) assert.ok(stored.has(container), container);
});

test("without room for a copy of the database no migration begins, and nothing is touched", {
  skip: skipUnless("containers"),
}, async (t) => {
  const folder = smallDisk(t, 8);
  const path = join(folder, "hub.sqlite");
  const packed = readFileSync(new URL("../store/fixtures/hub-v1.sqlite.zst", import.meta.url));
  writeFileSync(path, zstdDecompressSync(packed));
  const before = readFileSync(path);
  await assert.rejects(
    openMigrated(path),
    (error) => error instanceof Fault && error.code === "STORE_FULL" && /nothing was changed/.test(error.message),
  );
  assert.deepEqual(readFileSync(path), before);
  assert.deepEqual(readdirSync(join(folder, "backups")), []);
});
