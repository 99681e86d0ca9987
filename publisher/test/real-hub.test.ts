import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { PartMessage } from "@atalaya/wire";
import { frame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { StandInCollector } from "./stand-in-collector.ts";

const main = fileURLToPath(new URL("../../hub/src/main.ts", import.meta.url));
const data = mkdtempSync(join(tmpdir(), "atalaya-publisher-hub-"));
let hub: ChildProcess;
let port: number;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

before(async () => {
  port = await freePort();
  const args = ["--data", data, "--listen", `127.0.0.1:${port}`, "--cluster", "local"];
  const stdio: ["ignore", "ignore", "ignore", "ipc"] = ["ignore", "ignore", "ignore", "ipc"];
  hub = fork(main, args, { stdio, execArgv: ["--disable-warning=ExperimentalWarning"] });
  const [message] = (await once(hub, "message")) as [PartMessage];
  assert.equal(message.type, "ready");
});

after(async () => {
  const ended = once(hub, "exit");
  hub.kill("SIGTERM");
  await ended;
  rmSync(data, { recursive: true, force: true });
});

test("with the real hub: enrols by this machine's token, delivers, syncs, and its account balances", async () => {
  const running = new Running();
  const token = join(data, "hub", "local-enrolment.token");
  try {
    const names = ["--node", hostname(), "--cluster", "local"];
    await running.start(port, ["--enroll-token", token, ...names]);
    const collector = await StandInCollector.connect(running.socket);
    const origin = { node: hostname(), cluster: "local" };
    const frames = Array.from({ length: 40 }, (_, i) => frame(i * 10, i % 2 === 0 ? "process" : "file", 10, origin));
    collector.send(...frames, frame(1000, "process", 1, { ...origin, node: "another" }));
    await collector.until(() => collector.acknowledged === 41);
    await running.said("IDENTITY_MISMATCH");
    assert.equal(await running.end(), 0);
    // Nothing waits, and what it was told is down the socket and on disk.
    await running.start(port, names);
    const again = await StandInCollector.connect(running.socket);
    await again.until(() => again.states.length + again.plans.length > 0);
    assert.equal(running.lines.filter((line) => line.includes("wait on disk")).length, 0);
  } finally {
    await running.remove();
  }
});
