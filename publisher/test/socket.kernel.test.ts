// The socket between collector and publisher, looked at by somebody else on the machine.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { Counters } from "../src/counters.ts";
import { FrameServer } from "../src/frame-server.ts";

const options = { skip: skipUnless("kernel") };
const nobody = 65_534;
let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-socket-"));
  chmodSync(folder, 0o755);
});
after(() => rmSync(folder, { recursive: true }));

function server(path: string): FrameServer {
  const keep = async () => {};
  return new FrameServer({
    path,
    counters: new Counters(),
    recorded: () => undefined,
    keep,
    greeting: () => [],
    confirmed: () => {},
    claimed: () => {},
  });
}

/** What connecting gives to a process of this user and groups. */
function connectAs(path: string, uid: number, gid: number): string {
  const script = `
    const socket = require("node:net").connect(${JSON.stringify(path)});
    socket.on("connect", () => { console.log("connected"); socket.destroy(); });
    socket.on("error", (error) => console.log(error.code));`;
  return spawnSync(process.execPath, ["-e", script], { uid, gid, encoding: "utf8", cwd: "/" }).stdout.trim();
}

test(
  "only its owner and its group may write frames, from the first moment on, whatever the umask",
  options,
  async () => {
    const shared = join(folder, "shared");
    mkdirSync(shared);
    // As the collector prepares it: the group owns what is made in it.
    chownSync(shared, 0, nobody);
    chmodSync(shared, 0o2775);
    const path = join(shared, "collector.sock");
    const before = process.umask(0);
    const one = server(path);
    try {
      const listening = one.listen();
      assert.equal(statSync(path).mode & 0o777, 0o660, "before anybody was told of it");
      await listening;
      assert.equal(process.umask(), 0, "the umask is as it was");
      assert.equal(connectAs(path, nobody, nobody), "connected");
      assert.equal(connectAs(path, 12_345, 12_345), "EACCES");
      assert.equal(connectAs(path, 12_345, nobody), "connected", "of the group");
    } finally {
      process.umask(before);
      await one.close();
    }
  },
);

test("a link in the place of the socket is replaced, and what it leads to is left alone", options, async () => {
  const [path, aim] = [join(folder, "linked.sock"), join(folder, "aim")];
  writeFileSync(aim, "not ours");
  symlinkSync(aim, path);
  const one = server(path);
  await one.listen();
  try {
    assert.ok(statSync(path).isSocket());
    assert.equal(statSync(aim).size, "not ours".length);
  } finally {
    await one.close();
  }
});

test(
  "connections beyond those of collectors are closed, and a collector comes again when they are gone",
  options,
  async () => {
    const path = join(folder, "full.sock");
    const one = server(path);
    await one.listen();
    try {
      const all = Array.from({ length: 100 }, () => connect(path).on("error", () => {}));
      const closed = Promise.all(all.map((socket) => new Promise((done) => socket.once("close", done))));
      await new Promise((done) => setTimeout(done, 200));
      const open = all.filter((socket) => !socket.destroyed && !socket.readableEnded).length;
      assert.ok(open <= 16, `${open} are open`);
      for (const socket of all) socket.destroy();
      await closed;
      const next = connect(path);
      await new Promise((done, failed) => next.once("connect", done).once("error", failed));
      next.destroy();
    } finally {
      await one.close();
    }
  },
);
