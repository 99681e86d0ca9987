import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { PartMessage } from "@atalaya/wire";

const main = fileURLToPath(new URL("hub-main.ts", import.meta.url));
let data = "";
const children: ChildProcess[] = [];
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), "atalaya-process-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(data, { recursive: true, force: true });
});

/** Starts the hub as `atalaya up` does: a child with a channel. */
function startPart(args: string[]): ChildProcess {
  const child = fork(main, ["--data", data, ...args], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    silent: true,
  });
  children.push(child);
  return child;
}

async function message(child: ChildProcess): Promise<PartMessage> {
  const [first] = await once(child, "message");
  return first as PartMessage;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = await once(child, "exit");
  return code as number | null;
}

/** Runs it as a person does, without a channel, until it ends. */
async function runAlone(command: string, args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let out = "";
  let err = "";
  child.stdout.on("data", (part) => {
    out += part;
  });
  child.stderr.on("data", (part) => {
    err += part;
  });
  const [status] = await once(child, "close");
  return { status: status as number | null, out, err };
}

const nodeArgs = ["--disable-warning=ExperimentalWarning", main];

test("a started part says that it is ready, where, and with which first password", async () => {
  const child = startPart(["--listen", "127.0.0.1:0"]);
  const ready = await message(child);
  assert.ok(ready.type === "ready");
  assert.match(ready.url ?? "", /^https:\/\/127\.0\.0\.1:\d+$/);
  assert.match(ready.firstPassword ?? "", /^[a-z2-9-]{23}$/);
});

test("started alone it prints its CA's fingerprint, as openssl tells it of the file", async () => {
  const child = spawn(process.execPath, [...nodeArgs, "--data", data, "--listen", "127.0.0.1:0"]);
  children.push(child);
  let said = "";
  for await (const part of child.stderr) {
    said += part;
    if (/fingerprint .*\n/.test(said)) break;
  }
  const openssl = spawnSync("openssl", ["x509", "-in", join(data, "hub/ca.pem"), "-noout", "-fingerprint", "-sha256"]);
  const [, fingerprint = ""] = /Fingerprint=([0-9A-F:]{95})\n$/.exec(openssl.stdout.toString()) ?? [];
  assert.ok(said.includes(`SHA-256 fingerprint ${fingerprint}\n`) && fingerprint !== "", said);
});

test("SIGTERM ends it with status 0 within three seconds, open streams or not", async () => {
  const child = startPart(["--listen", "127.0.0.1:0"]);
  const ready = await message(child);
  assert.ok(ready.type === "ready");
  const { default: client } = await import(join(data, "client.json"), { with: { type: "json" } });
  const agent = new Agent({ rejectUnauthorized: false });
  const headers = { authorization: `Bearer ${client.token}` };
  const stream = request(`${ready.url}/api/v1/stream`, { headers, agent }).end();
  const [answer] = await once(stream, "response");
  assert.equal(answer.statusCode, 200);
  answer.resume();
  const start = performance.now();
  child.kill("SIGTERM");
  assert.equal(await exitOf(child), 0);
  assert.ok(performance.now() - start < 3_000);
  agent.destroy();
});

test("a hub whose starter is gone stops by itself", async () => {
  const child = startPart(["--listen", "127.0.0.1:0"]);
  await message(child);
  child.disconnect();
  assert.equal(await exitOf(child), 0);
});

test("a port already taken is told in one sentence, and nothing was made", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const sentence = `Another process listens on 127.0.0.1:${port}: stop it, or choose another port with --listen`;
  const child = startPart(["--listen", `127.0.0.1:${port}`]);
  assert.deepEqual(await message(child), { type: "failed", part: "hub", code: "PORT_TAKEN", message: sentence });
  assert.equal(await exitOf(child), 1);
  const alone = await runAlone(process.execPath, [...nodeArgs, "--data", data, "--listen", `127.0.0.1:${port}`]);
  assert.deepEqual(alone, { status: 1, out: "", err: `atalaya: ${sentence}\n` });
  assert.equal(existsSync(join(data, "client.json")), false);
  other.close();
});

test("a read-only data folder is told in one sentence", async () => {
  const args = [...nodeArgs, "--data", data, "--listen", "127.0.0.1:0"];
  const { status, out, err } = await runWithReadOnlyFolder(args);
  assert.equal(status, 1);
  assert.equal(out, "");
  assert.match(
    err,
    /^atalaya: The data folder \S+ cannot be written \((EROFS|EACCES)\): choose another with --data\n$/,
  );
  assert.deepEqual(readdirSync(data), []);
});

/** Root may write everywhere, so root gets a mount namespace of its own, in which the folder is mounted read-only. */
async function runWithReadOnlyFolder(args: string[]) {
  if (process.getuid?.() !== 0) {
    chmodSync(data, 0o500);
    return await runAlone(process.execPath, args);
  }
  const script = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
  return await runAlone("unshare", ["--mount", "sh", "-c", script, data, process.execPath, ...args]);
}

test("a data folder that is a file is told in one sentence", async () => {
  const { status, err } = await runAlone(process.execPath, [...nodeArgs, "--data", main, "--listen", "127.0.0.1:0"]);
  assert.equal(status, 1);
  assert.match(err, /^atalaya: The data folder \S+ cannot be written \((ENOTDIR|EEXIST)\)/);
});

test("unusable arguments end with status 2 and name what is wrong", async () => {
  const wrong: [string[], RegExp][] = [
    [["--listen", "8443"], /--listen takes HOST:PORT/],
    [["--listen", "127.0.0.1:99999"], /--listen takes HOST:PORT/],
    [["--lisen", "127.0.0.1:1"], /'--lisen'/],
    [["--rules", "/does/not/exist.yaml"], /--rules: there is no file or folder/],
    [["--log-level", "loud"], /--log-level takes one of/],
    [["--listen", "203.0.113.7:8443"], /203\.0\.113\.7 is not an address of this machine/],
  ];
  for (const [args, pattern] of wrong) {
    const { status, err } = await runAlone(process.execPath, [...nodeArgs, "--data", data, ...args]);
    assert.equal(status, 2, args.join(" "));
    assert.match(err, pattern);
  }
});

test("--help prints usage and examples", async () => {
  const { status, out } = await runAlone(process.execPath, [...nodeArgs, "--help"]);
  assert.equal(status, 0);
  assert.match(out, /Usage: atalaya hub[\s\S]*--listen HOST:PORT[\s\S]*Examples:/);
});

test("logs hold no password, token or cookie", async () => {
  mkdirSync(join(data, "hub"), { recursive: true });
  const child = startPart(["--listen", "127.0.0.1:0", "--log-level", "debug"]);
  let log = "";
  child.stderr?.on("data", (part) => {
    log += part;
  });
  const ready = await message(child);
  assert.ok(ready.type === "ready");
  const agent = new Agent({ rejectUnauthorized: false });
  const secrets = ["hunter2-marker", ready.firstPassword ?? ""];
  for (const password of secrets) {
    const headers = {
      "content-type": "application/json",
      cookie: "atalaya_session=cookie-marker",
      authorization: "Bearer token-marker",
    };
    const sent = request(`${ready.url}/api/v1/login?q=query-marker`, { method: "POST", headers, agent });
    sent.end(JSON.stringify({ user: "admin", password }));
    const [answer] = await once(sent, "response");
    answer.resume();
    await once(answer, "end");
  }
  child.kill("SIGTERM");
  await exitOf(child);
  agent.destroy();
  assert.match(log, /sign-in refused/);
  assert.match(log, /signed in/);
  for (const secret of [...secrets, "cookie-marker", "token-marker", "query-marker"])
    assert.equal(log.includes(secret), false);
});
