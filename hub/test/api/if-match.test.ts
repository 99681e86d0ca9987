import assert from "node:assert/strict";
import { test } from "node:test";
import type { DriftPolicy, Notification, RecorderPolicy } from "@atalaya/wire";
import { TestHub } from "../test-hub.ts";

const notified = (name: string): Notification => {
  const url = `https://hooks.example.test/${name}`;
  return { enabled: true, url, shape: "json", min_severity: "low", stdout: false, file: null };
};
/** Each setting that is replaced as a whole, as somebody writes it who calls it so. */
const settings: Readonly<Record<string, (name: string) => object>> = {
  "drift-policy": (name): DriftPolicy => ({ rules: [{ name, action: "alert" }] }),
  "recorder-policy": (name): RecorderPolicy => ({ scopes: [{ name }] }),
  notification: notified,
};

for (const [setting, written] of Object.entries(settings)) {
  test(`${setting}: it is put in place of what was read, and of nothing else`, async (t) => {
    const hub = await TestHub.start();
    t.after(() => hub.stop());
    const path = `/api/v1/${setting}`;
    await hub.addAccount("ada", "correct horse battery", "admin");
    const cookie = await hub.cookie("ada", "correct horse battery");
    const put = (name: string, match?: string) => {
      const headers = { cookie, "x-atalaya-csrf": "1", "if-match": match };
      return hub.call("PUT", path, { body: written(name), headers });
    };
    const read = String((await hub.admin("GET", path)).headers["etag"]);
    assert.match(read, /^"[0-9a-f]{32}"$/);
    const first = await put("one", read);
    assert.equal(first.status, 200);
    const refused = await put("two", read);
    assert.deepEqual([refused.status, refused.json["code"]], [412, "CHANGED_SINCE"]);
    const now = await hub.admin("GET", path);
    assert.deepEqual([now.json, now.headers["etag"]], [written("one"), first.headers["etag"]], "nothing was changed");
    assert.equal((await put("two", "nonsense")).status, 412);
    assert.equal(
      (await put("two", `"other", W/${now.headers["etag"]}`)).status,
      200,
      "as a proxy that packs writes it",
    );
    assert.equal((await put("three", "*")).status, 200);
    assert.equal((await put("four")).status, 200, "who names none replaces any");
  });
}
