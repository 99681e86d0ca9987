import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { Fault, type FaultCode } from "@atalaya/wire";
import { restore } from "../../src/backup/restore.ts";
import { blockBytes, padding, readTarHeader, tarEnd, tarHeader } from "../../src/backup/tar.ts";
import { evilExec, frameOf, openTestHub, sender, tempFolder } from "../core/hub-fixture.ts";

const isFault = (code: FaultCode, words: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && words.test(error.message);
const progress = () => undefined;

async function backupBytes(t: TestContext): Promise<Buffer> {
  const { hub, folder, close } = await openTestHub(t);
  writeFileSync(join(folder, "ca.pem"), "the authority");
  await hub.ingest([frameOf([evilExec()])], sender);
  const made = await hub.backup();
  const parts: Buffer[] = [];
  for await (const part of made.read()) parts.push(part);
  made.close();
  assert.deepEqual(readdirSync(join(folder, "backups")), []);
  await close();
  return Buffer.concat(parts);
}

function save(t: TestContext, packed: Uint8Array): string {
  const file = join(tempFolder(t), "backup.tar.zst");
  writeFileSync(file, packed);
  return file;
}

test("a backup that was restored is a hub with all that was in it, and every file its owner's alone", async (t) => {
  const file = save(t, zstdCompressSync(await backupBytes(t)));
  const data = tempFolder(t);
  const { manifest, setAside } = await restore({ file, data, force: false, progress });
  assert.equal(setAside, undefined);
  assert.ok(manifest.files.some(({ name }) => name.startsWith("hub/events-")));
  assert.equal(readFileSync(join(data, "hub", "ca.pem"), "utf8"), "the authority");
  const { hub, close } = await openTestHub(t, { dataFolder: join(data, "hub") });
  const { alerts } = await hub.alertPage("main", {});
  assert.equal(alerts.length, 1);
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.ok((alert?.process_tree.length ?? 0) > 0);
  await close();
  await assert.rejects(restore({ file, data, force: false, progress }), isFault("DATA_UNWRITABLE", /--force/));
  const again = await restore({ file, data, force: true, progress });
  assert.ok(readdirSync(again.setAside ?? "").includes("hub.sqlite"));
});

test("a hub that runs on the folder is not replaced", async (t) => {
  const file = save(t, zstdCompressSync(await backupBytes(t)));
  const data = tempFolder(t);
  mkdirSync(join(data, "hub"));
  await openTestHub(t, { dataFolder: join(data, "hub") });
  await assert.rejects(restore({ file, data, force: true, progress }), isFault("DATA_UNWRITABLE", /Another hub/));
});

test("whatever is cut, changed or foreign in a backup, it is refused, and nothing is left of it", async (t) => {
  const tar = await backupBytes(t);
  const packed = zstdCompressSync(tar);
  const data = tempFolder(t);
  const refused = async (what: string, bytes: Uint8Array) => {
    const wish = { file: save(t, bytes), data, force: false, progress };
    await assert.rejects(restore(wish), isFault("BACKUP_UNUSABLE", /Nothing was changed/), what);
    assert.deepEqual(readdirSync(data), [], what);
  };
  for (const share of [0, 0.01, 0.3, 0.9, 0.99]) {
    await refused(`cut at ${share}`, packed.subarray(0, Math.floor(packed.length * share)));
    await refused(`cut inside at ${share}`, zstdCompressSync(tar.subarray(0, Math.floor(tar.length * share))));
  }
  // Each part of the archive: its manifest, a header, the database, another file.
  const database = tar.indexOf("hub/hub.sqlite\0");
  for (const at of [0, 700, database + 3, database + blockBytes + 5_000, tar.indexOf("the authority")]) {
    const changed = Buffer.from(tar);
    changed[at] = (changed[at] ?? 0) ^ 0x10;
    await refused(`changed at ${at}`, zstdCompressSync(changed));
  }
  await refused("no zstd", tar);
  await refused("something else", zstdCompressSync(Buffer.alloc(100_000, "x")));
  await refused("an empty file", Buffer.alloc(0));
});

/** An archive of one manifest and one file, as its maker likes. */
function forged(manifest: unknown, name: string, content: Buffer): Buffer {
  const text = Buffer.from(JSON.stringify(manifest));
  const first = [tarHeader({ name: "manifest.json", bytes: text.length }, 0), text, padding(text.length)];
  const file = [tarHeader({ name, bytes: content.length }, 0), content, padding(content.length)];
  return zstdCompressSync(Buffer.concat([...first, ...file, tarEnd()]));
}

test("no name leads out of the folder, and a newer form or database is not touched", async (t) => {
  const data = tempFolder(t);
  const content = Buffer.from("x");
  const sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  const manifest = (name: string, format = 1) => {
    const files = [name, "hub/hub.sqlite"].map((one) => ({ name: one, bytes: 1, sha256 }));
    return { format, version: "9", made_us: 1, files };
  };
  for (const name of ["hub/../../evil", "/etc/evil", "hub/..", "hub/a/b", "hub/.ssh", "evil", "hub/"]) {
    const file = save(t, forged(manifest(name), name, content));
    await assert.rejects(restore({ file, data, force: false, progress }), isFault("BACKUP_UNUSABLE", /shape/), name);
  }
  const newer = save(t, forged(manifest("hub/ca.pem", 2), "hub/ca.pem", content));
  await assert.rejects(restore({ file: newer, data, force: false, progress }), isFault("BACKUP_UNUSABLE", /newer/));
  assert.deepEqual(readdirSync(data), []);
});

test("a header tells names and sizes, also beyond 8 GiB", () => {
  for (const entry of [
    { name: "hub/hub.sqlite", bytes: 0 },
    { name: "hub/events-20260131.sqlite", bytes: 12_345_678 },
    { name: "hub/hub.sqlite", bytes: 123_456_789_012 },
  ]) {
    assert.deepEqual(readTarHeader(tarHeader(entry, 1_700_000_000)), entry);
  }
  assert.equal(readTarHeader(Buffer.alloc(blockBytes)), "end");
  assert.equal(readTarHeader(Buffer.alloc(blockBytes, 7)), undefined);
  assert.ok(zstdDecompressSync(zstdCompressSync(tarEnd())).length === 2 * blockBytes);
});
