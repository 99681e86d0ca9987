import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type DesiredState, emptyFilterPlan, type SignedState, signState } from "@atalaya/wire";
import { claimedVersion, StateKeeper } from "../src/state-keeper.ts";

const folder = mkdtempSync(join(tmpdir(), "atalaya-state-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function authority(name: string): { key: string; file: string } {
  const [key, file] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)];
  const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=test hub"];
  execFileSync("openssl", ["req", ...what, "-keyout", key, "-out", file, "-days", "1"], { stdio: "ignore" });
  return { key: readFileSync(key, "utf8"), file };
}

const hub = authority("hub");
const state: DesiredState = {
  version: 5,
  issued_us: 1,
  workspace: "w-1",
  cluster: "c",
  node: "n",
  revoked: false,
  filters: { ...emptyFilterPlan, version: 5, open_names: ["shadow"] },
};
const signed = (changes: Partial<DesiredState> = {}, key = hub.key) => signState({ ...state, ...changes }, key);

function keeper(given: { folder?: string; caFile?: string } = {}) {
  const notes: string[] = [];
  const lines: string[] = [];
  const made = new StateKeeper({
    folder: given.folder,
    caFile: given.caFile ?? hub.file,
    cluster: "c",
    node: "n",
    note: (reason) => notes.push(reason),
    log: (line) => lines.push(line),
  });
  return { made, notes, lines };
}

describe("the desired state", () => {
  test("a genuine one is taken, kept for this user alone, and in force again after a restart", () => {
    const at = join(folder, "kept");
    const first = keeper({ folder: at });
    assert.equal(first.made.load(), undefined);
    assert.equal(first.made.refusesUnsigned, false);
    const taken = first.made.take(signed());
    assert.ok(taken.ok && taken.value.filters.open_names[0] === "shadow");
    assert.equal(first.made.refusesUnsigned, true);
    assert.equal(statSync(join(at, "desired-state.json")).mode & 0o777, 0o600);
    const second = keeper({ folder: at });
    assert.equal(second.made.load()?.version, 5);
    assert.equal(second.made.refusesUnsigned, true);
    assert.deepEqual([...first.notes, ...second.notes], []);
  });

  test("refused and counted: another signature, a changed text, an older version, another node or cluster", () => {
    const other = authority("other");
    const { made, notes } = keeper();
    assert.ok(made.take(signed({ version: 7 })).ok);
    const changed: SignedState = { ...signed(), state: JSON.stringify({ ...state, version: 99 }) };
    const refused = [signed({ version: 8 }, other.key), changed, signed({ version: 6 }), signed({ node: "m" })];
    const reasons = [...refused, signed({ cluster: "d" })].map((one) => {
      const result = made.take(one);
      return result.ok ? "" : result.reason;
    });
    assert.match(reasons[0] ?? "", /signature/);
    assert.match(reasons[1] ?? "", /signature/);
    assert.match(reasons[2] ?? "", /version 6 is older than 7/);
    assert.match(reasons[3] ?? "", /another node/);
    assert.match(reasons[4] ?? "", /another node/);
    assert.deepEqual(notes, Array(5).fill("state_refused"));
    assert.ok(made.take(signed({ version: 7 })).ok, "the same version is taken again");
    assert.equal(claimedVersion(signed({ version: 6 })), 6);
  });

  test("a part that a later version wrote otherwise is counted and said once a state, and the rest is in force", () => {
    const at = join(folder, "parts");
    const odd = { recorder: { scopes: "all" }, pod_labels: { "pod-1": "web" } } as unknown as Partial<DesiredState>;
    const { made, notes, lines } = keeper({ folder: at });
    for (const one of [signed(odd), signed(odd)]) {
      const taken = made.take(one);
      assert.ok(taken.ok && taken.value.filters.open_names[0] === "shadow");
      assert.deepEqual([taken.value.recorder, taken.value.pod_labels], ["not_understood", "not_understood"]);
    }
    const wanted = ["recorder_not_understood", "labels_not_understood"];
    assert.deepEqual(notes.splice(0), wanted, "the second is the same state");
    assert.match(lines.join("\n"), /what state 5 says of the labels of pods is not understood/);
    const again = keeper({ folder: at });
    assert.equal(again.made.load()?.version, 5);
    assert.deepEqual(again.notes, wanted);
  });

  test("the CA may come later, and change: what the old one signed does not hold off the new hub's first state", () => {
    const caFile = join(folder, "later.pem");
    const at = join(folder, "changed");
    const { made, notes } = keeper({ caFile, folder: at });
    const early = made.take(signed());
    assert.ok(!early.ok && early.reason.includes(caFile));
    writeFileSync(caFile, readFileSync(hub.file));
    assert.ok(made.take(signed({ version: 500 })).ok);
    const next = authority("next");
    writeFileSync(caFile, readFileSync(next.file));
    assert.ok(made.take(signed({ version: 1 }, next.key)).ok);
    assert.ok(!made.take(signed({ version: 501 })).ok);
    assert.equal(keeper({ caFile, folder: at }).made.load()?.version, 1);
    assert.deepEqual(notes, ["state_refused", "state_refused"]);
  });

  test("a damaged kept file, or one that was changed, is a counted warning and is replaced by the next state", () => {
    const at = join(folder, "damaged");
    mkdirSync(at);
    const file = join(at, "desired-state.json");
    const forged = JSON.stringify({ ...signed(), state: JSON.stringify({ ...state, version: 9 }) });
    for (const text of ["", "{", '{"state":1}', JSON.stringify(signed()).slice(0, -20), forged]) {
      writeFileSync(file, text);
      const { made, notes, lines } = keeper({ folder: at });
      assert.equal(made.load(), undefined);
      assert.equal(made.refusesUnsigned, true, "a hub has signed one before");
      assert.deepEqual(notes, ["state_unreadable"]);
      assert.equal(lines.length, 1);
      assert.ok(made.take(signed()).ok);
    }
    assert.equal(keeper({ folder: at }).made.load()?.version, 5);
  });

  test("what the folder's other writers put there neither makes it wait nor leads it away", () => {
    const at = join(folder, "shared");
    mkdirSync(at);
    execFileSync("mkfifo", [join(at, "desired-state.json"), join(at, "ca.pem")]);
    const waiting = keeper({ folder: at });
    assert.equal(waiting.made.load(), undefined);
    assert.deepEqual(waiting.notes, ["state_unreadable"]);
    assert.equal(keeper({ caFile: join(at, "ca.pem") }).made.take(signed()).ok, false);
    const aim = join(folder, "aim");
    writeFileSync(aim, "not ours");
    symlinkSync(aim, join(at, "desired-state.json.new"));
    assert.equal(waiting.made.take(signed()).ok, true);
    assert.equal(readFileSync(aim, "utf8"), "not ours");
    assert.equal(keeper({ folder: at }).made.load()?.version, 5);
    symlinkSync(hub.file, join(at, "linked-ca.pem"));
    assert.equal(keeper({ caFile: join(at, "linked-ca.pem") }).made.take(signed()).ok, true, "as Kubernetes mounts it");
  });

  test("where it cannot be kept it is in force all the same, and that is counted", () => {
    const at = join(folder, "no-folder");
    writeFileSync(at, "a file in its place");
    const { made, notes } = keeper({ folder: at });
    assert.ok(made.take(signed()).ok);
    assert.deepEqual(notes, ["state_unkept"]);
  });
});
