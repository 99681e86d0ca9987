import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, type Notification } from "@atalaya/wire";
import { guardedLookup, isForbiddenAddress } from "../../src/notify/address-guard.ts";
import { checkNotification } from "../../src/notify/check-notification.ts";

const setting: Notification = {
  enabled: true,
  url: "https://hooks.example/x",
  shape: "json",
  min_severity: "low",
  stdout: false,
  file: null,
};
const refused = (change: Partial<Notification>, issue: string) =>
  assert.throws(
    () => checkNotification({ ...setting, ...change }),
    (error) => error instanceof Fault && error.code === "BODY_MALFORMED" && error.facts["issue"] === issue,
  );

test("http and https are webhooks, everything else is not", () => {
  checkNotification(setting);
  checkNotification({ ...setting, url: "http://10.0.0.5:8080/hook" });
  checkNotification({ ...setting, enabled: false, url: "" });
  for (const url of ["", "file:///etc/shadow", "gopher://x", "javascript:1", "not an address"])
    refused({ url }, "webhook_scheme");
});

test("metadata services and link-local addresses are refused in every spelling", () => {
  for (const host of [
    "169.254.169.254",
    "[::ffff:169.254.169.254]",
    "0xa9fea9fe",
    "2852039166",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "0.0.0.0",
    "[::]",
    "224.0.0.1",
    "168.63.129.16",
  ]) {
    refused({ url: `http://${host}/latest/meta-data/` }, "webhook_forbidden");
  }
  assert.equal(isForbiddenAddress("127.0.0.1"), false);
  assert.equal(isForbiddenAddress("10.1.2.3"), false);
});

test("a name that leads to a forbidden address is refused when it is used", async () => {
  const error = await new Promise<NodeJS.ErrnoException | null>((done) =>
    guardedLookup("169.254.169.254", { all: true }, done),
  );
  assert.equal(error?.code, "FORBIDDEN_ADDRESS");
});

test("a file is a plain name, so that it cannot lie elsewhere", () => {
  checkNotification({ ...setting, file: "alerts.jsonl" });
  for (const file of ["", "/etc/cron.d/x", "../x", "a/b", ".hidden", "x\n"]) refused({ file }, "file_name");
});
