import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import { settingVersion } from "../../src/core/setting-version.ts";
import type { HubCore } from "../../src/hub-core.ts";
import { openTestHub } from "./hub-fixture.ts";

type Setting = {
  read(hub: HubCore): Promise<object>;
  put(hub: HubCore, name: string, ifVersions: readonly string[]): Promise<void>;
};

const settings: Readonly<Record<string, Setting>> = {
  "a drift policy": {
    read: (hub) => hub.driftPolicy("main"),
    put: (hub, name, ifVersions) => hub.putDriftPolicy("main", { rules: [{ name, action: "alert" }] }, ifVersions),
  },
  "a recorder's policy": {
    read: (hub) => hub.recorder.policy("main"),
    put: (hub, name, ifVersions) => hub.recorder.putPolicy("main", { scopes: [{ name }] }, ifVersions),
  },
  "a notification": {
    read: (hub) => hub.notification("main"),
    put: async (hub, name, ifVersions) => {
      const url = `https://hooks.example.test/${name}`;
      await hub.putNotification("main", { ...(await hub.notification("main")), url }, ifVersions);
    },
  },
};

for (const [what, { read, put }] of Object.entries(settings)) {
  test(`of two that replace ${what} at once, one is refused`, async (t) => {
    const { hub } = await openTestHub(t);
    const version = settingVersion(await read(hub));
    const both = ["first", "second"].map((name) => put(hub, name, [version]));
    const [first, second] = await Promise.allSettled(both);
    assert.equal(first?.status, "fulfilled");
    assert.ok(second?.status === "rejected" && second.reason instanceof Fault);
    assert.equal(second.reason.code, "CHANGED_SINCE");
    const now = await read(hub);
    assert.match(JSON.stringify(now), /first/);
    await put(hub, "third", [settingVersion(now)]);
    assert.match(JSON.stringify(await read(hub)), /third/);
  });
}
