import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { certificateRequest, newKey } from "../src/identity/csr.ts";
import { type IdentityFacts, IdentityFiles } from "../src/identity/identity-files.ts";
import { frame } from "./made-frames.ts";
import { Running } from "./running.ts";
import { Authority, names } from "./stand-in-authority.ts";
import { StandInCollector } from "./stand-in-collector.ts";
import { StandInHub } from "./stand-in-hub.ts";

const root = mkdtempSync(join(tmpdir(), "atalaya-identity-"));
after(() => rmSync(root, { recursive: true, force: true }));
const patience = { timeout: 30_000 };
const hour = 3_600_000;
let authority: Authority;
let runs = 0;

before(async () => {
  authority = await Authority.make();
});

type Setting = { hub: StandInHub; running: Running; token: string; give(text: string): void };

/** A hub, a publisher that is not enrolled, and a place for its token. */
function withNode(work: (setting: Setting) => Promise<void>): () => Promise<void> {
  return async () => {
    const hub = new StandInHub(authority);
    const running = new Running();
    const token = join(running.folder, "token");
    try {
      await work({ hub, running, token, give: (text) => writeFileSync(token, `${text}\n`) });
    } finally {
      await running.remove();
      await hub.close();
    }
  };
}

/** A token that the hub takes once. */
function goodToken(hub: StandInHub, of: Authority = authority): string {
  const token = of.token();
  hub.tokens.add(token);
  return token;
}

async function sendOne(running: Running, position: number): Promise<void> {
  const collector = await StandInCollector.connect(running.socket);
  collector.send(frame(position));
  await collector.until(() => collector.acknowledged === 1);
  collector.close();
}

describe("enrolment", () => {
  test(
    "a token is exchanged once; the key is made here, mode 0600, and the next start needs no token",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      const port = await hub.listen();
      give(goodToken(hub));
      await running.start(port, ["--enroll-token", token]);
      await sendOne(running, 1);
      await hub.until(() => hub.frames.length === 1);
      assert.equal(statSync(running.identity).mode & 0o777, 0o700);
      assert.equal(statSync(join(running.identity, "key.pem")).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(running.identity).sort(), ["ca.pem", "certificate.pem", "identity.json", "key.pem"]);
      assert.ok(
        !readFileSync(join(running.identity, "identity.json"), "utf8").includes(readFileSync(token, "utf8").trim()),
      );
      await running.end();
      await running.start(port);
      await sendOne(running, 2);
      await hub.until(() => hub.frames.length === 2);
      assert.equal(hub.enrolled, 1);
    }),
  );

  test(
    "without an identity and without a way to get one, it says what to do",
    patience,
    withNode(async ({ running }) => {
      const told = await running.start(1);
      assert.equal(told.type === "failed" && told.code, "USAGE");
      assert.match(told.type === "failed" ? told.message : "", /atalaya enroll token/);
    }),
  );

  test(
    "frames are kept while the token is not there, refused, or of another hub; a good one lets them go",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      await running.start(await hub.listen(), ["--enroll-token", token]);
      await sendOne(running, 1);
      await running.said("waiting for a token");
      give("not a token");
      await running.said("it was cut or changed");
      give(goodToken(hub, await Authority.make()));
      await running.said("is not the one that the enrolment token was made by");
      give(authority.token());
      await running.said("refused: ENROL_REFUSED");
      assert.equal(hub.frames.length, 0);
      give(goodToken(hub));
      await hub.until(() => hub.frames.length === 1);
    }),
  );

  test(
    "in a cluster, a service account's token is exchanged, to the hub of the CA that came with it",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      const ca = join(running.folder, "ca.pem");
      writeFileSync(ca, authority.pem);
      give("header.claims.signature");
      hub.tokens.add("header.claims.signature");
      await running.start(await hub.listen(), ["--service-account-token", token, "--ca", ca]);
      await sendOne(running, 1);
      await hub.until(() => hub.frames.length === 1);
      assert.equal(hub.enrolled, 1);
    }),
  );

  test(
    "a pod of another service account enrols anew before it sends, and one of the same account does not",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      const ca = join(running.folder, "ca.pem");
      writeFileSync(ca, authority.pem);
      const args = ["--service-account-token", token, "--ca", ca];
      const of = (account: string) => {
        const claims = Buffer.from(JSON.stringify({ sub: `system:serviceaccount:kube-system:${account}` }));
        const text = `header.${claims.toString("base64url")}.signature`;
        hub.tokens.add(text);
        give(text);
      };
      const port = await hub.listen();
      const accounts = ["atalaya-publisher", "atalaya-publisher-control-plane", "atalaya-publisher-control-plane"];
      for (const [at, enrolled] of [1, 2, 2].entries()) {
        of(accounts[at] ?? "");
        await running.start(port, args);
        await sendOne(running, at + 1);
        await hub.until(() => hub.frames.length === at + 1);
        assert.equal(hub.enrolled, enrolled);
        await running.end();
      }
    }),
  );

  test(
    "a certificate is renewed at half of its life, with a new key, and nothing waits for it",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      hub.life = () => ({ untilMs: Date.now() + 4_000 });
      const port = await hub.listen();
      give(goodToken(hub));
      await running.start(port, ["--enroll-token", token]);
      await running.said("enrolled as node n");
      const key = readFileSync(join(running.identity, "key.pem"), "utf8");
      for (let i = 1; hub.renewed < 2; i++) {
        await sendOne(running, i);
        await hub.until(() => hub.positions.includes(i));
      }
      assert.notEqual(readFileSync(join(running.identity, "key.pem"), "utf8"), key);
      assert.equal(running.lines.filter((line) => line.includes("does not know")).length, 0);
      assert.equal(hub.enrolled, 1);
    }),
  );

  test(
    "an expired certificate is renewed by proof of its key",
    patience,
    withNode(async ({ hub, running }) => {
      const life = { fromMs: Date.now() - 48 * hour, untilMs: Date.now() - hour };
      await authority.enrol(running.identity, names, life);
      await running.start(await hub.listen());
      await sendOne(running, 1);
      await hub.until(() => hub.frames.length === 1);
      assert.equal(hub.renewed, 1);
    }),
  );

  test(
    "a revoked node keeps its frames and says so; a new token lets it in again",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      const port = await hub.listen();
      give(goodToken(hub));
      await running.start(port, ["--enroll-token", token]);
      await running.said("enrolled as");
      hub.revoked = true;
      await sendOne(running, 1);
      await running.said("revoked this node's certificate");
      const asked = hub.requests.length;
      await sendOne(running, 2);
      give(goodToken(hub));
      await hub.until(() => hub.frames.length === 2);
      assert.equal(asked, 0);
      assert.equal(hub.enrolled, 2);
    }),
  );

  test(
    "a state that says revoked stops the sending, at once and after a restart",
    patience,
    withNode(async ({ hub, running, token, give }) => {
      const port = await hub.listen();
      await authority.enrol(running.identity);
      await running.start(port, ["--enroll-token", token]);
      await hub.until(() => hub.syncs.length > 0);
      hub.want({ revoked: true });
      const collector = await StandInCollector.connect(running.socket);
      await collector.until(() => collector.states.length === 1);
      await running.end("SIGKILL");
      await running.start(port, ["--enroll-token", token]);
      await sendOne(running, 1);
      await hub.until(() => hub.syncs.at(-1)?.holds === 1);
      assert.equal(hub.requests.length, 0);
      give(goodToken(hub));
      await hub.until(() => hub.frames.length === 1);
    }),
  );

  test(
    "a hub with a new CA is refused until a token says that it is the one",
    patience,
    withNode(async ({ running, token, give }) => {
      const later = await Authority.make();
      const hub = new StandInHub(later);
      try {
        await authority.enrol(running.identity);
        await running.start(await hub.listen(), ["--enroll-token", token]);
        await sendOne(running, 1);
        await running.said("another CA");
        give(goodToken(hub, later));
        await hub.until(() => hub.frames.length === 1);
        assert.equal(readFileSync(join(running.identity, "ca.pem"), "utf8"), later.pem);
      } finally {
        await hub.close();
      }
    }),
  );
});

describe("clocks", () => {
  const lives = {
    "not valid yet, by two hours": { fromMs: Date.now() + 2 * hour, untilMs: Date.now() + 24 * hour },
    "not valid any more, by two hours": { fromMs: Date.now() - 24 * hour, untilMs: Date.now() - 2 * hour },
  };
  for (const [what, life] of Object.entries(lives)) {
    test(
      `a hub whose certificate is ${what}, is talked to`,
      patience,
      withNode(async ({ hub, running }) => {
        await authority.enrol(running.identity);
        await running.start(await hub.listen(0, life));
        await sendOne(running, 1);
        await hub.until(() => hub.frames.length === 1);
      }),
    );
  }

  test("more than a day is too much, and a stranger's certificate is refused whatever its time", patience, async () => {
    const stranger = await Authority.make();
    const old = { fromMs: Date.now() - 72 * hour, untilMs: Date.now() - 2 * hour };
    const hubs = [
      [
        new StandInHub(authority),
        { fromMs: Date.now() - 72 * hour, untilMs: Date.now() - 25 * hour },
        "more than a day away from",
      ],
      [new StandInHub(stranger), old, "another CA"],
    ] as const;
    for (const [hub, life, line] of hubs) {
      const running = new Running(authority);
      await running.start(await hub.listen(0, life));
      await sendOne(running, 1);
      await running.said(line);
      assert.equal(hub.requests.length, 0);
      await running.remove();
      await hub.close();
    }
  });
});

describe("the identity's files", () => {
  const at = (folder: string, name: string) => join(folder, name);
  const facts: IdentityFacts = { ...names, expires_us: 2, issued_us: 1, spent: null };

  test("a request for a certificate is one, by another program's judgement", () => {
    const path = join(root, "request.pem");
    writeFileSync(path, certificateRequest(newKey()));
    const said = execFileSync("openssl", ["req", "-in", path, "-verify", "-noout", "-text"], { encoding: "utf8" });
    assert.match(said, /Subject: CN = Atalaya node/);
    assert.match(said, /prime256v1/);
    assert.match(said, /ecdsa-with-SHA256/);
  });

  test("killed anywhere while a new pair is put in place, the old or the new one is whole", async () => {
    // The states of the folder between two writes, made by stopping after each rename.
    const writes = ["next-key.pem", "next.json", "key.pem", "ca.pem", "certificate.pem", "identity.json"];
    for (const [i, last] of writes.entries()) {
      const folder = join(root, `files-${++runs}`);
      await authority.enrol(folder);
      const old = readFileSync(at(folder, "certificate.pem"), "utf8");
      const done = join(root, `files-${++runs}`);
      await authority.enrol(done);
      const files = new IdentityFiles(done);
      const key = files.nextKey(newKey);
      const certificate = await authority.node(certificateRequest(key));
      files.take({ certificate, ca: authority.pem, facts });
      const next = JSON.stringify({ certificate, ca: authority.pem, facts });
      const put = (name: string) => {
        if (name === "next-key.pem") writeFileSync(at(folder, name), key);
        else if (name === "next.json") writeFileSync(at(folder, name), next);
        else copyFileSync(at(done, name), at(folder, name));
        if (name === "key.pem") rmSync(at(folder, "next-key.pem"));
      };
      for (const name of writes.slice(0, i + 1)) put(name);
      // What was torn is beside, under another name.
      writeFileSync(at(folder, "certificate.pem.new"), "-----BEGIN");
      const found = new IdentityFiles(folder).read();
      assert.equal(found?.certificate, i === 0 ? old : certificate, `after ${last}`);
      assert.ok(new X509Certificate(found?.certificate ?? "").publicKey !== undefined);
    }
  });

  test("the same key is shown again when the answer was lost", async () => {
    const folder = join(root, `files-${++runs}`);
    const first = new IdentityFiles(folder).nextKey(newKey);
    assert.equal(new IdentityFiles(folder).nextKey(newKey), first);
  });
});
