import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exampleAlert } from "../in-memory-core.ts";
import { TestHub } from "../test-hub.ts";
import { WebhookServer } from "./webhook-server.ts";

let hub: TestHub;
let hook: WebhookServer;
before(async () => {
  hub = await TestHub.start();
  hook = await WebhookServer.start();
});
after(async () => {
  await hub.stop();
  await hook.stop();
});

const setting = { enabled: true, shape: "slack", min_severity: "medium", stdout: false, file: null };

test("a webhook that is set through the API gets a test message and then the alerts", async () => {
  const put = await hub.admin("PUT", "/api/v1/notification", { ...setting, url: hook.url });
  assert.deepEqual([put.status, put.json["url"]], [200, hook.url]);
  const tried = await hub.admin("POST", "/api/v1/notification/test");
  assert.deepEqual(tried.json, { ok: true, detail: "The webhook answered with status 200" });
  hub.core.commit(exampleAlert());
  const bodies = await hook.received(2);
  assert.deepEqual(
    bodies.map((body) => body["text"]),
    ["INFORMATIONAL: Notification test", "HIGH: Possible web shell"],
  );
});

test("a setting that could be misused is refused and changes nothing", async () => {
  for (const wrong of [{ url: "http://169.254.169.254/" }, { url: hook.url, file: "/etc/passwd" }, { url: 3 }]) {
    const answer = await hub.admin("PUT", "/api/v1/notification", { ...setting, ...wrong });
    assert.deepEqual([answer.status, answer.json["code"]], [400, "BODY_MALFORMED"]);
  }
  assert.equal((await hub.admin("GET", "/api/v1/notification")).json["url"], hook.url);
});
