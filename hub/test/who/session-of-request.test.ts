import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { auditEventsFromList } from "@atalaya/audit";
import { type ApiEvent, blankEvent } from "@atalaya/wire";
import fc from "fast-check";
import { sessionsOfRequest } from "../../src/who/session-of-request.ts";

/** As the API server of Kubernetes 1.34 posted them, for kubectl of the same version; `extra` of the users left out. */
const posted = JSON.parse(readFileSync(new URL("samples/sessions-1.34.json", import.meta.url), "utf8"));
const sessions = auditEventsFromList(posted).events.flatMap(sessionsOfRequest);

test("what a real API server writes of sessions is read: kind, pod, container, command, user", () => {
  const said = sessions.map(({ kind, pod, container, command, told }) => [kind, pod, container, command, told.user]);
  const script = "/bin/cat /etc/proof-prompt-crowd-0-cho; cat";
  assert.deepEqual(said, [
    ["exec", "crowd-0", "main", ["sh", "-c", script], "cho"],
    ["exec", "crowd-0", "main", ["sh", "-c", script], "cho"],
    ["attach", "shell", "main", null, "bob"],
    ["debug", "target", "debugger-t555s", null, "ana"],
    ["port-forward", "server", null, null, "cho"],
  ]);
});

test("both records of a session name the same one: one says when it opened, the other when it ended", () => {
  const [opened, ended] = sessions;
  assert.ok(opened !== undefined && ended !== undefined);
  assert.equal(opened.id, ended.id);
  assert.ok(opened.startedUs !== null && opened.endedUs === null && opened.startedUs >= opened.receivedUs);
  assert.ok(ended.startedUs === null && ended.endedUs !== null && ended.endedUs > opened.startedUs);
});

test("no record makes it throw, and none that failed is a session", () => {
  const any = fc.record(
    {
      requestURI: fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true }), fc.integer()),
      requestObject: fc.object({ key: fc.constantFrom("spec", "ephemeralContainers", "name", "image") }),
      requestReceivedTimestamp: fc.oneof(fc.string(), fc.constant("2026-11-26T08:10:57.660963Z")),
      user: fc.anything(),
      impersonatedUser: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const subresource = fc.constantFrom("exec", "attach", "portforward", "ephemeralcontainers", "__proto__", "log");
  const code = fc.constantFrom(101, 200, 403, 500, null);
  fc.assert(
    fc.property(any, subresource, code, fc.string(), (record, name, response_code, pod) => {
      const event: ApiEvent = {
        ...blankEvent("api"),
        ...{ resource: "pods", subresource: name, verb: "patch", stage: "ResponseComplete", response_code },
        ...{ k8s_namespace: "shop", object_name: pod, record: JSON.stringify(record) },
      };
      const found = sessionsOfRequest(event);
      if (response_code === 403 || response_code === 500 || response_code === null) assert.deepEqual(found, []);
      for (const one of found) assert.ok(Number.isFinite(one.receivedUs) && one.told.groups.length <= 32);
    }),
  );
});
