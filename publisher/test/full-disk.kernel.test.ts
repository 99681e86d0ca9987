// A real file system that is really full: ext4 on a loop device.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { encodeMessage, messageKinds, type SyncRequest } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { frame, noisyFrame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { Authority } from "./stand-in-authority.ts";
import { StandInCollector } from "./stand-in-collector.ts";
import { StandInHub } from "./stand-in-hub.ts";

const mebibyte = 1024 * 1024;
const patience = { timeout: 90_000, skip: skipUnless("kernel") };
const root = mkdtempSync(join(tmpdir(), "atalaya-full-disk-"));
let authority: Authority;
let runs = 0;

before(async () => {
  authority = await Authority.make();
});
after(() => rmSync(root, { recursive: true, force: true }));

class SmallDisk {
  readonly folder = join(root, `disk-${++runs}`);
  readonly #image = `${this.folder}.img`;

  constructor(bytes: number) {
    mkdirSync(this.folder);
    closeSync(openSync(this.#image, "w"));
    truncateSync(this.#image, bytes);
    execFileSync("mkfs.ext4", ["-q", "-F", this.#image]);
    execFileSync("mount", ["-o", "loop", this.#image, this.folder]);
  }

  /** Takes all the room that is left; gives it back when called. */
  fill(): () => void {
    const path = join(this.folder, "somebody-else");
    const file = openSync(path, "w");
    try {
      for (let bytes = mebibyte; bytes >= 512; bytes /= 2) {
        try {
          for (;;) writeSync(file, Buffer.alloc(bytes, 1));
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
        }
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return () => rmSync(path);
  }

  remove(): void {
    execFileSync("umount", [this.folder]);
    rmSync(this.#image);
  }
}

/** A disk whose sync fails (here with ENOSPC, like thin storage): below it is less room than it claims to have. */
class FailingDisk {
  readonly folder = join(root, `failing-${++runs}`);
  readonly #below = `${this.folder}-below`;

  constructor(bytes: number) {
    for (const path of [this.folder, this.#below]) mkdirSync(path);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", this.#below]);
    const image = join(this.#below, "image");
    closeSync(openSync(image, "w"));
    truncateSync(image, 128 * mebibyte);
    execFileSync("mkfs.ext4", ["-q", "-F", "-O", "^has_journal", "-E", "nodiscard", image]);
    execFileSync("mount", ["-o", "loop,errors=continue", image, this.folder]);
  }

  repair(): void {
    execFileSync("mount", ["-o", `remount,size=${256 * mebibyte}`, this.#below]);
  }

  remove(): void {
    for (const path of [this.folder, this.#below]) execFileSync("umount", [path]);
  }
}

const counted = (report: SyncRequest | undefined, name: string, reason: string) =>
  report?.publisher.counters.find((one) => one.class === name && one.reason === reason)?.value ?? 0;

/** The account of one class, as the hub was told last. */
function assertBalanced(hub: StandInHub, name: "process" | "file"): Record<string, number> {
  const report = hub.syncs.at(-1);
  const of = Object.fromEntries(
    ["received", "delivered", "deduplicated", "given_up", "refused", "corrupt", "pending"].map((reason) => [
      reason,
      counted(report, name, reason),
    ]),
  ) as Record<string, number>;
  const { received = 0, ...out } = of;
  assert.equal(
    received,
    Object.values(out).reduce((sum, value) => sum + value, 0),
    JSON.stringify(of),
  );
  assert.equal(hub.events.get(name) ?? 0, of["delivered"]);
  return of;
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function withDisk(work: (disk: SmallDisk, hub: StandInHub, running: Running) => Promise<void>): Promise<void> {
  const disk = new SmallDisk(32 * mebibyte);
  const hub = new StandInHub(authority);
  const running = new Running(authority, join(disk.folder, "spool"));
  try {
    await work(disk, hub, running);
  } finally {
    await running.remove();
    await hub.close();
    disk.remove();
  }
}

describe("a full disk", () => {
  test("files and network give way, life-cycle is kept, and every event is accounted for", patience, async () => {
    await withDisk(async (_disk, hub, running) => {
      const port = await hub.listen();
      await hub.close();
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      let sent = 0;
      const send = async (count: number, name: "process" | "file") => {
        for (let i = 0; i < count; i++) {
          collector.send(noisyFrame(++sent, 64 * 1024, name));
          if (sent % 16 === 0) await collector.until(() => collector.acknowledged > sent - 48);
        }
        await collector.until(() => collector.acknowledged === sent);
      };
      await send(600, "file");
      await send(200, "process");
      await send(64, "file");
      assert.ok(!collector.closed);
      await running.said("disk takes nothing (ENOSPC)");
      await hub.listen(port);
      await hub.until(() => hub.syncs.length > 0 && hub.syncs.at(-1)?.publisher.spool.frames === 0);
      const [life, bulk] = [assertBalanced(hub, "process"), assertBalanced(hub, "file")];
      assert.deepEqual([life["received"], life["delivered"], life["given_up"]], [200, 200, 0]);
      assert.equal(bulk["received"], 664);
      assert.ok((bulk["given_up"] ?? 0) > 200, JSON.stringify(bulk));
    });
  });

  test("what is recorded gives way before any frame that waits for the hub, and is counted", patience, async () => {
    await withDisk(async (_disk, hub, running) => {
      const port = await hub.listen();
      await hub.close();
      await running.start(port);
      const collector = await StandInCollector.connect(running.socket);
      for (let i = 1; i <= 320; i++) {
        const recorded = noisyFrame(i, 64 * 1024, "file", { containerId: "c-1" });
        collector.write(encodeMessage(messageKinds.recorded, recorded));
        if (i % 16 === 0) await new Promise((done) => setTimeout(done, 100));
      }
      for (let i = 1; i <= 320; i++) {
        collector.send(noisyFrame(i, 64 * 1024));
        if (i % 16 === 0) await collector.until(() => collector.acknowledged > i - 48);
      }
      await collector.until(() => collector.acknowledged === 320);
      await hub.listen(port);
      await hub.until(() => hub.syncs.length > 0 && hub.syncs.at(-1)?.publisher.spool.frames === 0);
      const life = assertBalanced(hub, "process");
      assert.deepEqual([life["received"], life["delivered"], life["given_up"]], [320, 320, 0]);
      const is = hub.syncs.at(-1)?.publisher.recorder;
      assert.ok(is !== undefined && is.given_up > 0, JSON.stringify(is));
      assert.equal(is.recorded + is.unwritten, 320, JSON.stringify(is));
    });
  });

  test(
    "when even life-cycle has no room, its oldest goes, to the event, and the newest are there",
    patience,
    async () => {
      await withDisk(async (_disk, hub, running) => {
        const port = await hub.listen();
        await hub.close();
        await running.start(port);
        const collector = await StandInCollector.connect(running.socket);
        for (let i = 1; i <= 800; i++) {
          collector.send(noisyFrame(i, 64 * 1024));
          if (i % 16 === 0) await collector.until(() => collector.acknowledged > i - 48);
        }
        await collector.until(() => collector.acknowledged === 800);
        await running.end("SIGKILL");
        await hub.listen(port);
        await running.start(port);
        await hub.until(() => hub.syncs.length > 0 && hub.syncs.at(-1)?.publisher.spool.frames === 0);
        const { received, given_up = 0 } = assertBalanced(hub, "process");
        assert.equal(received, 800);
        assert.ok(given_up > 0);
        assert.deepEqual(
          hub.positions,
          Array.from({ length: 800 - given_up }, (_, i) => given_up + i + 1),
        );
      });
    },
  );

  test(
    "a disk that takes nothing acknowledges nothing and does not make it spin; with room it goes on",
    patience,
    async () => {
      await withDisk(async (disk, hub, running) => {
        const port = await hub.listen();
        await running.start(port);
        const collector = await StandInCollector.connect(running.socket);
        collector.send(frame(1));
        await collector.until(() => collector.acknowledged === 1);
        const giveBack = disk.fill();
        for (let i = 2; i <= 60; i++) collector.send(noisyFrame(i, 20_000));
        await running.said("disk takes nothing (ENOSPC)");
        const pid = running.child?.pid ?? 0;
        const before = cpuMs(pid);
        await hub.until(() => hub.syncs.at(-1)?.publisher.spool.writable === false);
        await new Promise((done) => setTimeout(done, 2_000));
        assert.ok(cpuMs(pid) - before < 500, `${cpuMs(pid) - before} ms of processor time in two seconds`);
        const acknowledged = collector.acknowledged;
        assert.ok(acknowledged < 60);
        giveBack();
        await collector.until(() => collector.acknowledged === 60);
        await hub.until(() => hub.frames.length === 60);
        await hub.until(() => hub.syncs.at(-1)?.publisher.spool.writable === true);
        await hub.until(() => counted(hub.syncs.at(-1), "process", "delivered") === 60);
        assert.equal(assertBalanced(hub, "process")["received"], 60);
        await running.said("takes frames again");
      });
    },
  );

  test(
    "it starts on a full disk, also the first time, and begins to keep frames when there is room",
    patience,
    async () => {
      await withDisk(async (disk, hub, running) => {
        const giveBack = disk.fill();
        const port = await hub.listen();
        const told = await running.start(port).catch(() => undefined);
        assert.ok(told !== undefined);
        if (told.type === "failed") {
          // Not even the folder can be made: that is said, and the next start tries again.
          assert.equal(told.code, "DATA_UNWRITABLE");
          giveBack();
          await running.start(port);
        } else giveBack();
        const collector = await StandInCollector.connect(running.socket);
        collector.send(frame(1));
        await hub.until(() => hub.frames.length === 1);
      });
    },
  );

  test(
    "a disk whose sync fails acknowledges nothing that it may not have, and goes on when it is mended",
    patience,
    async () => {
      const disk = new FailingDisk(12 * mebibyte);
      const hub = new StandInHub(authority);
      const running = new Running(authority, join(disk.folder, "spool"));
      try {
        const port = await hub.listen();
        await hub.close();
        await running.start(port);
        const collector = await StandInCollector.connect(running.socket);
        let sent = 0;
        while (!running.lines.some((line) => line.includes("disk takes nothing")) && sent < 800) {
          collector.send(noisyFrame(++sent, 64 * 1024));
          if (sent % 8 === 0) await new Promise((done) => setTimeout(done, 20));
        }
        await running.said("disk takes nothing");
        disk.repair();
        await collector.until(() => collector.acknowledged === sent);
        await running.end("SIGKILL");
        await hub.listen(port);
        await running.start(port);
        await hub.until(() => hub.syncs.length > 0 && hub.syncs.at(-1)?.publisher.spool.frames === 0);
        const { received, corrupt } = assertBalanced(hub, "process");
        assert.deepEqual([received, corrupt], [sent, 0]);
        assert.equal(hub.positions.at(-1), sent);
      } finally {
        await running.remove();
        await hub.close();
        disk.remove();
      }
    },
  );
});
