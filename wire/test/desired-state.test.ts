import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import fc from "fast-check";
import {
  emptyFilterPlan,
  enrolmentTokenText,
  nodeUri,
  openState,
  readEnrolmentToken,
  readNodeUri,
  recorderPolicyOf,
  recorderState,
  signState,
} from "../index.ts";

const folder = mkdtempSync(join(tmpdir(), "atalaya-state-"));
test.after(() => rmSync(folder, { recursive: true }));

function authority(name: string): { key: string; certificate: string } {
  const [key, certificate] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", key, "-out", certificate, "-subj", `/CN=${name}`], {
    stdio: "ignore",
  });
  return { key: readFileSync(key, "utf8"), certificate: readFileSync(certificate, "utf8") };
}

const hub = authority("hub");
const state = {
  version: 7,
  issued_us: 1,
  workspace: "default",
  cluster: "c",
  node: "n",
  revoked: false,
  filters: emptyFilterPlan,
};
const holder = { cluster: "c", node: "n", version: 7 };

test("a state that the hub signed is opened by the node that it is for", () => {
  const opened = openState(signState(state, hub.key), hub.certificate, holder);
  assert.deepEqual(opened, { ok: true, value: state });
});

test("a recorder's policy that a later version writes otherwise records nothing, and the rest is in force", () => {
  for (const recorder of [{ scopes: [{ name: "x", pods: "all" }] }, { groups: [] }, 7]) {
    const signed = signState({ ...state, recorder } as unknown as Parameters<typeof signState>[0], hub.key);
    const opened = openState(signed, hub.certificate, holder);
    assert.ok(opened.ok);
    assert.deepEqual([opened.value.recorder, opened.value.version], ["not_understood", 7]);
  }
});

test("scopes with labels travel beside the others, and labels of pods that are not as documented say nothing", () => {
  const [plain, labelled] = [
    { name: "shop", namespaces: ["shop"] },
    { name: "web", labels: { app: "web" } },
  ];
  const policy = { scopes: [labelled, plain] };
  const recorder = recorderState(policy);
  assert.deepEqual(recorder, { scopes: [plain], labelled: [labelled] });
  assert.deepEqual(recorderPolicyOf(recorder), { scopes: [plain, labelled] });
  assert.deepEqual(recorderState({ scopes: [plain] }), { scopes: [plain] });
  const pod_labels = { "pod-1": { app: "web" } };
  const opened = openState(signState({ ...state, recorder, pod_labels }, hub.key), hub.certificate, holder);
  assert.deepEqual(opened, { ok: true, value: { ...state, recorder, pod_labels } });
  const many = Object.fromEntries(Array.from({ length: 1_025 }, (_, n) => [`pod-${n}`, {}]));
  for (const wrong of [many, { "pod-1": "web" }, { "pod-1": { app: 7 } }, []]) {
    const signed = signState({ ...state, pod_labels: wrong } as unknown as typeof state, hub.key);
    const read = openState(signed, hub.certificate, holder);
    assert.ok(read.ok);
    assert.equal(read.value.pod_labels, "not_understood");
  }
});

test("another signer, a changed text, another node and an older version are refused, each with its reason", () => {
  const signed = signState(state, hub.key);
  const changed = { ...signed, state: signed.state.replace('"revoked":false', '"revoked":true') };
  const cases: [ReturnType<typeof signState>, typeof holder, RegExp][] = [
    [signState(state, authority("other").key), holder, /signature/],
    [changed, holder, /signature/],
    [{ ...signed, signature: "" }, holder, /signature/],
    [signed, { ...holder, node: "m" }, /another node/],
    [signed, { ...holder, version: 8 }, /older than 8/],
  ];
  for (const [one, of, reason] of cases) {
    const opened = openState(one, hub.certificate, of);
    assert.ok(!opened.ok && opened.code === "STATE_REFUSED");
    assert.match(opened.reason, reason);
  }
});

test("whatever is signed, damaged or made up opens as a whole state of this node or not at all", () => {
  const good = JSON.stringify(state);
  const odd = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .tuple(fc.constantFrom(...Object.keys(state)), fc.jsonValue())
      .map(([key, value]) => JSON.stringify({ ...state, [key]: value })),
    fc
      .tuple(fc.nat(good.length), fc.string({ unit: "binary", maxLength: 5 }))
      .map(([at, text]) => good.slice(0, at) + text + good.slice(at)),
  );
  const key = createPrivateKey(hub.key);
  const signature = (text: string) =>
    sign("sha256", Buffer.from(`atalaya desired state 1\n${text}`), key).toString("base64");
  fc.assert(
    fc.property(odd, fc.boolean(), fc.string(), (text, genuine, noise) => {
      const opened = openState({ state: text, signature: genuine ? signature(text) : noise }, hub.certificate, holder);
      if (!opened.ok) assert.ok(opened.reason.length < 200 && !opened.reason.includes(noise.length > 8 ? noise : "\0"));
      else assert.ok(genuine && opened.value.node === "n" && opened.value.cluster === "c" && opened.value.version >= 7);
      assert.equal(openState({ state: good, signature: signature(good) }, noise, holder).ok, false, "no CA");
    }),
    { numRuns: 500, interruptAfterTimeLimit: 8_000 },
  );
});

test("no text makes reading a token or a name throw", () => {
  const part = fc.oneof(
    fc.string({ unit: "binary", maxLength: 40 }),
    fc.constantFrom("%", "%2e", "..", "/", "atalaya:"),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const uri = readNodeUri(`atalaya://${parts.join("/")}`);
      if (uri !== undefined) assert.deepEqual(readNodeUri(nodeUri(uri)), uri);
      assert.equal(typeof readEnrolmentToken(`atalaya-enroll.${parts.join(".")}`) !== "string", true);
    }),
    { numRuns: 1_000 },
  );
});

test("an enrolment token and a node's URI read back, and nothing else does", () => {
  const token = { id: "abcdefgh", secret: "s".repeat(43), caSha256: "0".repeat(64) };
  assert.deepEqual(readEnrolmentToken(`${enrolmentTokenText(token)}\n`), token);
  assert.equal(readEnrolmentToken("atalaya-enroll.a.b.c"), undefined);
  const name = { workspace: "default", cluster: "eu/1", node: "node 7" };
  assert.deepEqual(readNodeUri(nodeUri(name)), name);
  assert.equal(readNodeUri("atalaya://a/b"), undefined);
  assert.equal(readNodeUri("atalaya://a/b/%zz"), undefined);
});
