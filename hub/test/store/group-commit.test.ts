import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { MessageChannel } from "node:worker_threads";
import type { Batch, ToEvaluatorFromWriter } from "../../src/pipeline/messages.ts";
import { GroupCommit, type GroupWriter } from "../../src/store/group-commit.ts";
import type { Work } from "../../src/store/hub-writer.ts";
import type { FromWriter } from "../../src/store/writer-messages.ts";

const batch = (request: number, epoch = 0): Batch => ({
  type: "batch",
  request,
  workspaceId: "main",
  cluster: "local",
  evaluator: 0,
  sequence: request,
  epoch,
  accepted: 1,
  duplicates: 0,
  newestUs: 0,
  evaluateUs: 0,
  evaluationErrors: 0,
  ledger: [],
  streams: [],
  windows: undefined,
  auditHashes: undefined,
  processes: [],
  inventory: [],
  folds: [],
  who: { sessions: [], starts: [], heard: [] },
});

/** A writer whose disk is full until it is told otherwise. */
class FullDisk implements GroupWriter {
  full = true;
  readonly groups: number[] = [];
  readonly state = { all: () => [] };
  commit(group: readonly Work[]) {
    if (this.full) throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    this.groups.push(group.length);
    return { changes: [], results: [], notJoined: { pods: 0, startsElsewhere: 0 }, asked: [] };
  }
  close(): void {}
}

test("a full disk acknowledges nothing: the evaluator takes back what it remembered, and what it had sent is refused", async (t) => {
  const disk = new FullDisk();
  const told: FromWriter[] = [];
  const commits = new GroupCommit(disk, (message) => told.push(message));
  const { port1, port2 } = new MessageChannel();
  t.after(() => port1.close());
  commits.addEvaluator(0, port2);
  commits.add(batch(1));
  const [failed] = (await once(port1, "message")) as [ToEvaluatorFromWriter];
  assert.deepEqual(failed, { type: "failed", epoch: 1 });
  disk.full = false;
  // Evaluated before the evaluator heard of the failure: its positions build on what was never written.
  commits.add(batch(2, 0));
  commits.add(batch(3, 1));
  const [settled] = (await once(port1, "message")) as [ToEvaluatorFromWriter];
  assert.deepEqual(settled, { type: "settled", upTo: 3 });
  const failures = told.flatMap((message) => (message.type === "failed" ? [message] : []));
  assert.deepEqual(
    failures.map((message) => message.requests),
    [[1], [2]],
  );
  assert.equal(failures[0]?.fault.code, "STORE_FULL");
  assert.match(failures[0]?.fault.message ?? "", /no room/);
  assert.deepEqual(disk.groups, [1]);
});

test("what arrives together is committed together", async () => {
  const disk = new FullDisk();
  disk.full = false;
  const told: FromWriter[] = [];
  const commits = new GroupCommit(disk, (message) => told.push(message));
  for (let i = 1; i <= 50; i++) commits.add(batch(i));
  await new Promise<void>((resolve) => commits.close(resolve));
  assert.deepEqual(disk.groups, [50]);
});
