// The command line against a real hub: what people type, and what comes back.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readEnrolmentToken } from "@atalaya/wire";
import { tempFolder } from "../core/hub-fixture.ts";
import { enrolNode } from "../enrol-node.ts";
import { serveHub } from "../served-hub.ts";

const main = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
type Ran = { status: number; out: string; err: string };

function commandLine(t: TestContext) {
  const home = tempFolder(t);
  const env = { ...process.env, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
  const run = (input: string, ...args: string[]): Promise<Ran> =>
    new Promise((done) => {
      const all = ["--disable-warning=ExperimentalWarning", main, ...args];
      const child = execFile(process.execPath, all, { env }, (error, out, err) =>
        done({ status: error === null ? 0 : Number(error.code), out, err }),
      );
      child.stdin?.end(input);
    });
  return { file: join(home, "atalaya", "client.json"), run };
}

test("a token lets one node in; it is listed, the node is, and both can be revoked", async (t) => {
  const hub = await serveHub(t);
  const { run } = commandLine(t);
  const data = ["--data", hub.data];
  const printed = await run("", "enroll", "token", "--cluster", "shop", "--valid", "10m", ...data);
  assert.equal(printed.status, 0, printed.err);
  const token = printed.out.split("\n").find((line) => readEnrolmentToken(line) !== undefined) ?? "";
  assert.match(printed.out, /--enroll-token \/etc\/atalaya\/enroll-token/);
  const caHash = createHash("sha256").update(new X509Certificate(hub.caPem).raw).digest("hex");
  assert.equal(readEnrolmentToken(token)?.caSha256, caHash);
  (await enrolNode(hub.client.url, hub.caPem, token, "n-7")).destroy();
  const second = JSON.parse((await run("", "enroll", "token", "--cluster", "shop", "--json", ...data)).out);
  assert.equal((await run("", "enroll", "revoke", second.token, ...data)).out, `revoked ${second.token_id}\n`);
  const list = (await run("", "enroll", "list", ...data)).out;
  assert.match(list, /used .* by n-7/);
  assert.match(list, /revoked/);
  assert.equal(list.includes(readEnrolmentToken(token)?.secret ?? "?"), false);
  assert.match((await run("", "nodes", ...data)).out, /^n-7 \(shop\) {2}by token/m);
  assert.equal((await run("", "nodes", "revoke", "n-7", ...data)).out, "revoked n-7 (shop)\n");
  assert.match((await run("", "nodes", ...data)).out, /revoked .* by admin/);
  assert.equal((await run("", "nodes", "revoke", "n-8", ...data)).status, 1);
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwks = join(hub.data, "jwks.json");
  writeFileSync(jwks, JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1" }] }));
  const cluster = await run(
    "",
    "enroll",
    "cluster",
    "bank",
    "--issuer",
    "https://k8s.example",
    "--jwks",
    jwks,
    ...data,
  );
  assert.equal(cluster.out, "pods of bank can enrol their nodes\n", cluster.err);
  const taken = await run("", "enroll", "cluster", "shop", "--issuer", "https://k8s.example", "--jwks", jwks, ...data);
  assert.match(taken.err, /another cluster already/);
  const trusted = (await run("", "enroll", "clusters", ...data)).out;
  assert.match(trusted, /^bank {2}1 keys of https:\/\/k8s.example {2}for kube-system\/atalaya-publisher/);
  assert.equal((await run("", "enroll", "forget", "bank", ...data)).out, "forgot bank\n");
  assert.match(
    (await run("", "changes", ...data)).out,
    /204 {2}admin \(this machine\) from \S+ {2}POST \/api\/v1\/nodes/,
  );
});

test("a sign-in keeps a narrow token that only its owner can read, and the token can be revoked", async (t) => {
  const hub = await serveHub(t);
  const { run, file } = commandLine(t);
  const data = ["--data", hub.data];
  const made = JSON.parse((await run("", "workspaces", "create", "shop", "--json", ...data)).out);
  const hash = createHash("sha256").update(new X509Certificate(hub.caPem).raw).digest("hex");
  const wrong = await run(made.password, "login", hub.client.url, "--ca-sha256", "0".repeat(64));
  assert.match(wrong.err, /another CA/);
  const login = ["login", hub.client.url, "--ca-sha256", hash, "--workspace", "shop", "--scope", "read"];
  const signedIn = await run(`${made.password}\n`, ...login, "--valid", "8h");
  assert.match(signedIn.out, /may: viewer/, signedIn.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const reads = await run("", "nodes");
  assert.deepEqual([reads.status, reads.out], [0, ""], reads.err);
  assert.match((await run("", "accounts", "create", "ana")).err, /role admin/);
  const [id = ""] = (await run("", "tokens")).out.split("  ");
  assert.match(id, /^[0-9a-f]{16}$/);
  chmodSync(file, 0o644);
  assert.match((await run("", "nodes")).err, /chmod 600/);
  chmodSync(file, 0o600);
  assert.equal((await run("", "tokens", "revoke", id)).out, `revoked ${id}\n`);
  assert.equal((await run("", "nodes")).status, 1);
  const again = await run("wrong-password", ...login);
  assert.match(again.err, /password is wrong/);
});

test("an account that was made signs in with its role", async (t) => {
  const hub = await serveHub(t);
  const { run } = commandLine(t);
  const made = await run("", "accounts", "create", "ana", "--role", "analyst", "--json", "--data", hub.data);
  const { password } = JSON.parse(made.out);
  writeFileSync(join(hub.data, "ca-copy.pem"), hub.caPem);
  const login = ["login", hub.client.url, "--ca", join(hub.data, "ca-copy.pem"), "--user", "ana"];
  const wide = await run(password, ...login, "--scope", "admin");
  assert.match(wide.out, /may: analyst/, "a scope does not widen a role");
  assert.match((await run("", "accounts", "--data", hub.data)).out, /^ana {2}analyst$/m);
  assert.match((await run("", "accounts", "remove", "ana", "--data", hub.data)).out, /removed ana/);
  assert.equal((await run("", "status")).status, 1);
});
