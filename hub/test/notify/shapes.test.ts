import assert from "node:assert/strict";
import { test } from "node:test";
import { falcoLine, messageBody } from "../../src/notify/shapes.ts";
import { exampleAlert } from "../in-memory-core.ts";

const alert = exampleAlert({
  first_seen_us: 1_767_323_045_100_007,
  summary: { en: "<!channel> & co started sh", es: "" },
});
const message = { alert, link: "https://hub.test/alerts/a-1", hostname: "hub-1" };

test("Falco's shape has Falco's keys, time with nine digits, and the output behind time and priority", () => {
  const line = falcoLine(message);
  assert.partialDeepStrictEqual(line, {
    hostname: "node-1",
    time: "2026-01-02T03:04:05.100007000Z",
    output: "03:04:05.100007000: Warning nginx started sh (user=www-data)",
    output_fields: { "proc.name": "sh", "user.name": null },
    priority: "Warning",
    rule: "web_shell",
    source: "syscall",
    tags: ["container"],
  });
});

test("Slack's message escapes what would mention people or forge links", () => {
  const body = messageBody("slack", message);
  assert.equal(body.includes("<!channel>"), false);
  assert.match(body, /&lt;!channel&gt; &amp; co started sh/);
  assert.partialDeepStrictEqual(JSON.parse(body), {
    text: "HIGH: Possible web shell",
    attachments: [{ title_link: "https://hub.test/alerts/a-1", color: "#d83b01" }],
  });
});

test("the plain shape names the alert in both languages with its evidence", () => {
  const body = JSON.parse(messageBody("json", message));
  assert.partialDeepStrictEqual(body, { type: "alert", hub: "hub-1", alert: { alert_id: "a-1", severity: "high" } });
  assert.deepEqual(body.alert.title, alert.title);
});
