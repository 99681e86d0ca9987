import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { secretHash } from "../../src/auth/secret.ts";
import { TestHub } from "../test-hub.ts";

let hub: TestHub;
before(async () => {
  hub = await TestHub.start();
  await hub.addAccount("ana", "correct horse", "analyst");
});
after(() => hub.stop());

const login = (user: string, password: string) => hub.call("POST", "/api/v1/login", { body: { user, password } });

test("the first password signs the account admin in", async () => {
  const answer = await login("admin", hub.hub.firstPassword ?? "");
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json, { user: "admin", role: "admin", workspace: "default", version: "0.0.0-test" });
});

test("the session's cookie is out of reach of scripts, other sites and plain connections", async () => {
  const answer = await login("ana", "correct horse");
  const [cookie = ""] = answer.headers["set-cookie"] ?? [];
  for (const part of ["HttpOnly", "Secure", "SameSite=Strict", "Path=/", "Max-Age=43200"]) {
    assert.ok(cookie.includes(part), `${part} in ${cookie.replace(/=[^;]*/, "=…")}`);
  }
});

test("the store holds the hash of a session's secret and never the secret", async () => {
  const cookie = await hub.cookie("ana", "correct horse");
  const secret = cookie.split("=")[1] ?? "";
  assert.ok(hub.core.sessions.has(secretHash(secret)));
  assert.equal(JSON.stringify([...hub.core.sessions]).includes(secret), false);
});

test("signing out makes the cookie worthless", async () => {
  const cookie = await hub.cookie("ana", "correct horse");
  const headers = { cookie, "x-atalaya-csrf": "1" };
  assert.equal((await hub.call("GET", "/api/v1/session", { headers })).status, 200);
  assert.equal((await hub.call("POST", "/api/v1/logout", { headers })).status, 204);
  const after = await hub.call("GET", "/api/v1/session", { headers });
  assert.equal(after.status, 401);
  assert.equal(after.json["code"], "CREDENTIAL_UNKNOWN");
});

test("a session that has run out is refused", async () => {
  const cookie = await hub.cookie("ana", "correct horse");
  const row = hub.core.sessions.get(secretHash(cookie.split("=")[1] ?? ""));
  assert.ok(row);
  row.expiresUs = Date.now() * 1000 - 1;
  const answer = await hub.call("GET", "/api/v1/session", { headers: { cookie } });
  assert.deepEqual([answer.status, answer.json["code"]], [401, "CREDENTIAL_UNKNOWN"]);
});

test("a token for the command line opens the API and names its end", async () => {
  const body = { user: "ana", password: "correct horse", name: "laptop" };
  const answer = await hub.call("POST", "/api/v1/tokens", { body });
  assert.equal(answer.status, 200);
  assert.ok(Number(answer.json["expires_us"]) > Date.now() * 1000);
  const headers = { authorization: `Bearer ${answer.json["token"]}` };
  const session = await hub.call("GET", "/api/v1/session", { headers });
  assert.deepEqual([session.status, session.json["role"]], [200, "analyst"]);
});

test("an unknown user and a wrong password look the same", async () => {
  const unknown = await login("nobody", "x");
  const wrong = await login("carla", "y");
  await hub.addAccount("bert", "right", "viewer");
  const known = await login("bert", "wrong");
  assert.deepEqual([unknown.status, unknown.json], [known.status, known.json]);
  assert.deepEqual(wrong.json, known.json);
  assert.equal(known.json["code"], "LOGIN_REFUSED");
});

test("a wrong password ten times is slowed, and the right one tells nothing meanwhile", async () => {
  await hub.addAccount("dora", "the right one", "viewer");
  const statuses: number[] = [];
  const milliseconds: number[] = [];
  for (let i = 0; i < 10; i++) {
    const start = performance.now();
    const answer = await login("dora", `guess ${i}`);
    milliseconds.push(performance.now() - start);
    statuses.push(answer.status);
    if (answer.status !== 429) continue;
    assert.equal(answer.json["code"], "LOGIN_SLOWED");
    assert.match(String(answer.json["message"]), /Too many failed logins; wait \d+ s and try again/);
    assert.ok(Number(answer.headers["retry-after"]) >= 1);
  }
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429, 429, 429]);
  assert.ok((milliseconds[4] ?? 0) >= 1_600, `the fifth took ${milliseconds[4]} ms`);
  assert.ok((milliseconds[4] ?? 0) > 4 * (milliseconds[0] ?? 0), "each failure waits twice as long as the last");
  assert.equal((await login("dora", "the right one")).status, 429);
  assert.equal((await login("ana", "correct horse")).status, 200, "another account is not locked out");
});

test("a body without the documented shape is refused by the names of its fields, never by their values", async () => {
  const answer = await hub.call("POST", "/api/v1/login", { body: { user: 3, password: "hunter2" } });
  assert.equal(answer.status, 400);
  assert.match(String(answer.json["message"]), /user/);
  assert.equal(answer.text.includes("hunter2"), false);
});
