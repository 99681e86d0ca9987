import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type ApiChange,
  type ApiChangePage,
  apiChangePageSchema,
  enrolmentTokenSchema,
  readEnrolmentToken,
} from "@atalaya/wire";
import { changeLimits } from "../../src/changes/limits.ts";
import { serveHub } from "../served-hub.ts";

const row = (change: Partial<ApiChange> = {}) => {
  const who = { user: "ana", by: "browser", address: "192.0.2.1" };
  const what = { method: "PUT", route: "/api/v1/notification", object: "", status: 200 };
  return { workspaceId: "default", time_us: 1, ...who, ...what, ...change };
};

test("a change is noted with who, by what, from where, on what and how it ended; a read is not", async (t) => {
  const { client, data } = await serveHub(t);
  const made = await client.post("/api/v1/enrolment-tokens", { cluster: "shop" }, enrolmentTokenSchema);
  await assert.rejects(client.delete("/api/v1/enrolment-tokens/nothing-of-that-name"));
  await assert.rejects(client.delete(`/api/v1/enrolment-tokens/${made.token}`));
  const login = { user: "MARKER-name", password: "MARKER-password" };
  await assert.rejects(client.post("/api/v1/login", login, enrolmentTokenSchema));
  await client.text("/api/v1/rules");
  const { changes } = await client.get("/api/v1/changes", apiChangePageSchema);
  assert.deepEqual(
    changes.map(({ user, by, method, route, object, status }) => [user, by, method, route, object, status]),
    [
      ["", "", "POST", "/api/v1/login", "", 401],
      ["admin", "this machine", "DELETE", "/api/v1/enrolment-tokens/{id}", "[redacted]", 400],
      ["admin", "this machine", "DELETE", "/api/v1/enrolment-tokens/{id}", "nothing-of-that-name", 404],
      ["admin", "this machine", "POST", "/api/v1/enrolment-tokens", readEnrolmentToken(made.token ?? "")?.id, 200],
    ],
  );
  assert.match(changes[0]?.address ?? "", /127\.0\.0\.1/);
  const text = JSON.stringify(changes);
  for (const secret of ["MARKER", readEnrolmentToken(made.token ?? "")?.secret ?? "", data])
    assert.equal(text.includes(secret), false);
});

test("the log is read a page at a time, without a gap and without a repeat", async (t) => {
  const { core, client } = await serveHub(t);
  await core.apiChanges.add(Array.from({ length: 25 }, (_, i) => row({ object: `o${i}` })));
  await core.apiChanges.add([row({ workspaceId: "other" } as Partial<ApiChange>)]);
  const seen: string[] = [];
  let after: string | null = "";
  while (after !== null) {
    const page: ApiChangePage = await client.get(
      `/api/v1/changes?limit=10${after === "" ? "" : `&after=${after}`}`,
      apiChangePageSchema,
    );
    seen.push(...page.changes.map((one) => one.object));
    after = page.next;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, i) => `o${24 - i}`),
  );
});

test("strangers cannot push out what accounts did", async (t) => {
  const { core } = await serveHub(t);
  await core.apiChanges.add([row({ object: "kept" })]);
  const stranger = row({ user: "", status: 401 });
  for (let i = 0; i < changeLimits.strangersKeptMax + changeLimits.pruneEach; i += 1_000)
    await core.apiChanges.add(Array.from({ length: 1_000 }, () => stranger));
  let [strangers, after, kept] = [0, undefined as string | undefined, false];
  do {
    const page = await core.apiChanges.page("default", { limit: 200, after });
    strangers += page.changes.filter((one) => one.user === "").length;
    kept ||= page.changes.some((one) => one.object === "kept");
    after = page.next ?? undefined;
  } while (after !== undefined);
  assert.ok(kept);
  assert.ok(strangers <= changeLimits.strangersKeptMax + changeLimits.pruneEach, `${strangers}`);
});
