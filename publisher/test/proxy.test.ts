import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { frame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { Authority } from "./stand-in-authority.ts";
import { StandInCollector } from "./stand-in-collector.ts";
import { StandInHub } from "./stand-in-hub.ts";
import { proxyServer } from "./stand-in-proxy.ts";

const patience = { timeout: 30_000 };
let authority: Authority;
before(async () => {
  authority = await Authority.make();
});

describe("a proxy on the way", () => {
  test("enrolment and frames go through it, TLS from end to end", patience, async () => {
    const asked: string[] = [];
    const { server, url } = await proxyServer(asked);
    const hub = new StandInHub(authority);
    const running = new Running();
    try {
      const port = await hub.listen();
      const token = join(running.folder, "token");
      const text = authority.token();
      hub.tokens.add(text);
      writeFileSync(token, text);
      await running.start(port, ["--proxy", url, "--enroll-token", token]);
      const collector = await StandInCollector.connect(running.socket);
      collector.send(frame(1));
      await hub.until(() => hub.frames.length === 1);
      assert.deepEqual([...new Set(asked)], [`127.0.0.1:${port}`]);
      assert.equal(hub.requests[0]?.protocol, "TLSv1.3");
    } finally {
      await running.remove();
      await hub.close();
      server.close();
      server.closeAllConnections();
    }
  });

  test("a proxy that refuses is named, and frames wait on disk", patience, async () => {
    const asked: string[] = [];
    const { server, url } = await proxyServer(asked, true);
    const hub = new StandInHub(authority);
    const running = new Running();
    try {
      const port = await hub.listen();
      const token = join(running.folder, "token");
      const text = authority.token();
      hub.tokens.add(text);
      writeFileSync(token, text);
      await running.start(port, ["--proxy", url, "--enroll-token", token]);
      await running.said(`the proxy refused the way to 127.0.0.1:${port} (status 403)`);
      assert.equal(hub.enrolled, 0);
    } finally {
      await running.remove();
      await hub.close();
      server.close();
      server.closeAllConnections();
    }
  });
});
