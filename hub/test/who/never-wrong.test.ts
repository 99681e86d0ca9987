import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import type { ApiEvent, ProcessEvent } from "@atalaya/wire";
import { whoLimits } from "../../src/who/limits.ts";
import { frameOf, openTestHub, sender, type TestHub } from "../core/hub-fixture.ts";
import { auditRecord, entered, evilChild, onlyAlert, reportAt, said } from "./pod-world.ts";

const at = Math.floor(Date.now() / 1_000) - 60;
const audit = { ...sender, node: null };
const attach = { subresource: "attach", query: "container=web" };
const forward = { subresource: "portforward", query: "ports=80" };

/** The container's first process, and what it starts at that second. */
const first = (of: Partial<ProcessEvent> = {}) => entered(30, at - 5, ["web"], { ns_pid: 1, ...of });

async function audited({ hub }: TestHub, records: ApiEvent[]): Promise<void> {
  for (let from = 0; from < records.length; from += 64) await hub.audit(records.slice(from, from + 64), audit);
}

/** Changes the store as time would: another connection, while the hub runs. */
function change({ folder }: TestHub, statement: string): void {
  const db = new DatabaseSync(join(folder, "hub.sqlite"), { timeout: 5_000 });
  db.exec(statement);
  db.close();
}

describe("whoever was there with many others", () => {
  test("ports that are forwarded by the hundred hide nobody who is attached", async (t) => {
    const world = await openTestHub(t);
    const attached = ["ana", "bob"].map((user, i) => auditRecord({ user, receivedS: at + i, ...attach }));
    const forwarded = Array.from({ length: whoLimits.presentReadMax - 1 }, (_, i) =>
      auditRecord({ user: "eva", receivedS: at + 3 + i / 1_000, ...forward }),
    );
    await audited(world, [...attached, ...forwarded]);
    await world.hub.ingest([frameOf([first(), evilChild(40, 30, at + 10)])], sender);
    const { alert } = await onlyAlert(world);
    assert.deepEqual(said(alert.done_by), [
      "attached ambiguous ana,bob (present)",
      `connected ambiguous ${Array.from({ length: whoLimits.namedMax }, () => "eva").join(",")} (present)`,
    ]);
  });

  test("of more than are looked through nobody is known, also where all that are have one user", async (t) => {
    const world = await openTestHub(t);
    const ana = Array.from({ length: whoLimits.presentReadMax }, (_, i) =>
      auditRecord({ user: "ana", receivedS: at + 3 + i / 1_000, ...attach }),
    );
    await audited(world, [auditRecord({ user: "bob", receivedS: at, ...attach }), ...ana]);
    await world.hub.ingest([frameOf([first(), evilChild(40, 30, at + 10)])], sender);
    const [answer] = (await onlyAlert(world)).alert.done_by ?? [];
    assert.deepEqual([answer?.certainty, answer?.reason], ["ambiguous", "too_many"]);
  });

  test("whoever is not named among the newest is still one that it may be", async (t) => {
    const world = await openTestHub(t);
    const ana = Array.from({ length: whoLimits.namedMax }, (_, i) =>
      auditRecord({ user: "ana", receivedS: at + 3 + i / 1_000, ...attach }),
    );
    await audited(world, [auditRecord({ user: "bob", receivedS: at, ...attach }), ...ana]);
    await world.hub.ingest([frameOf([first(), evilChild(40, 30, at + 10)])], sender);
    assert.equal((await onlyAlert(world)).alert.done_by?.[0]?.certainty, "ambiguous");
  });

  test("sessions of another time do not count", async (t) => {
    const world = await openTestHub(t);
    const ended = (user: string, from: number, to: number) =>
      (["ResponseStarted", "ResponseComplete"] as const).map((stage, i) =>
        auditRecord({ user, receivedS: from, stage, stageS: i === 0 ? from : to, ...attach }),
      );
    const before = Array.from({ length: whoLimits.presentReadMax }, (_, i) =>
      ended("eva", at - 50 + i / 1_000, at - 40),
    );
    await audited(world, [...before.flat(), ...ended("ana", at, at + 20), ...ended("bob", at + 30, at + 40)]);
    await world.hub.ingest([frameOf([first({ time_us: (at - 55) * 1e6 }), evilChild(40, 30, at + 10)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["attached known ana (present)"]);
  });
});

test("whoever was attached to a pod of that name before is not to this one", async (t) => {
  const world = await openTestHub(t);
  await audited(world, [
    auditRecord({ user: "ana", receivedS: at - 200, ...attach }),
    auditRecord({ user: "bob", receivedS: at, ...attach }),
  ]);
  await world.hub.ingest([frameOf([first(), evilChild(40, 30, at + 1)])], sender);
  assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["attached known bob (present)"]);
});

test("what is learnt late reaches every alert of the session, however many came after it", async (t) => {
  const world = await openTestHub(t);
  const { hub } = world;
  await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
  await hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
  await hub.ingest([frameOf([reportAt(at + 50)])], sender);
  const { alert } = await onlyAlert(world);
  assert.deepEqual(said(alert.done_by), ["started known ana (only_match)"]);
  const later = Array.from({ length: whoLimits.podAlertsMax }, (_, i) =>
    evilChild(1_000 + i, 20, at + 2, { container_id: `c${i}`, entry_pid: 20, entry_start_us: 20_000 }),
  );
  await hub.ingest([frameOf(later)], sender);
  await hub.audit([auditRecord({ user: "bob", receivedS: at + 0.1 })], audit);
  const now = await hub.alert("main", alert.alert_id);
  assert.deepEqual(said(now?.done_by), ["started ambiguous ana,bob (several_sessions)"]);
});

describe("an alert of several lines", () => {
  const sessionOfAna = async ({ hub }: TestHub): Promise<void> => {
    await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    await hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
    await hub.ingest([frameOf([reportAt(at + 50)])], sender);
  };

  test("what nobody's session did makes a name that was known of the alert the name of a part", async (t) => {
    const world = await openTestHub(t);
    await sessionOfAna(world);
    assert.deepEqual((await onlyAlert(world)).summary?.by, { users: ["ana"], how: "started", certainty: "known" });
    const ownLine = evilChild(41, 20, at + 2, { entry_pid: 20, entry_start_us: 20_000 });
    await world.hub.ingest([frameOf([ownLine])], sender);
    const { alert, summary } = await onlyAlert(world);
    assert.deepEqual(summary?.by, { users: ["ana"], how: "started", certainty: "ambiguous" });
    assert.deepEqual(said(alert.done_by), ["started ambiguous ana (part_of_alert)"]);
    assert.deepEqual(
      alert.evidence.map((one) => said(one.done_by)),
      [["started known ana (only_match)"], []],
      "of its line it is known",
    );
  });

  test("lines of which each has its own known user are known together", async (t) => {
    const world = await openTestHub(t);
    await sessionOfAna(world);
    await world.hub.audit([auditRecord({ user: "bob", receivedS: at + 2, query: "container=web&command=sh" })], audit);
    await world.hub.ingest([frameOf([entered(31, at + 2.2, ["sh"]), evilChild(41, 31, at + 3)])], sender);
    await world.hub.ingest([frameOf([reportAt(at + 55)])], sender);
    const { summary } = await onlyAlert(world);
    assert.deepEqual(summary?.by, { users: ["ana", "bob"], how: "started", certainty: "known" });
  });

  test("beyond the lines that an alert keeps nobody is known of it as a whole", async (t) => {
    const world = await openTestHub(t);
    const starts = Array.from({ length: whoLimits.alertEntriesMax }, (_, i) => 100 + i);
    const query = (pid: number) => `container=web&command=sh&command=${pid}`;
    await audited(
      world,
      starts.map((pid) => auditRecord({ user: "ana", receivedS: at, auditID: `${pid}`, query: query(pid) })),
    );
    const lines = starts.flatMap((pid) => [
      entered(pid, at + 0.2, ["sh", `${pid}`]),
      evilChild(pid + 1_000, pid, at + 1),
    ]);
    await world.hub.ingest([frameOf(lines)], sender);
    await world.hub.ingest([frameOf([reportAt(at + 50)])], sender);
    assert.equal((await onlyAlert(world)).summary?.by?.certainty, "known");
    await world.hub.ingest(
      [frameOf([evilChild(3_000, 20, at + 2, { entry_pid: 20, entry_start_us: 20_000 })])],
      sender,
    );
    assert.equal((await onlyAlert(world)).summary?.by?.certainty, "ambiguous");
  });
});

describe("what was found stays when what it was found by is forgotten", () => {
  test("a session's start", async (t) => {
    const world = await openTestHub(t);
    await world.hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    await world.hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
    await world.hub.ingest([frameOf([reportAt(at + 50)])], sender);
    change(world, "DELETE FROM who_sessions; DELETE FROM who_starts");
    await world.hub.audit([auditRecord({ user: "bob", receivedS: at + 55 })], audit);
    await world.hub.ingest([frameOf([entered(31, at + 55.2, ["bash"]), reportAt(at + 56)].slice(0, 1))], sender);
    await world.hub.ingest([frameOf([reportAt(at + 58)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known ana (only_match)"]);
  });

  test("whoever was attached, also when another is attached now", async (t) => {
    const world = await openTestHub(t);
    await world.hub.audit([auditRecord({ user: "ana", receivedS: at, ...attach })], audit);
    await world.hub.ingest([frameOf([first(), evilChild(40, 30, at + 1)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["attached known ana (present)"]);
    change(world, "DELETE FROM who_sessions; DELETE FROM who_starts");
    await world.hub.audit([auditRecord({ user: "bob", receivedS: at + 20, ...attach })], audit);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["attached known ana (present)"]);
    await world.hub.ingest([frameOf([evilChild(41, 30, at + 25)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["attached ambiguous ana,bob (present)"]);
  });
});

describe("a container without a pid namespace of its own", () => {
  const inDebugger = { container_name: "debugger-x", container_id: "deb" };
  const patch = { spec: { ephemeralContainers: [{ name: "debugger-x", image: "busybox" }] } };
  const debug = { subresource: "ephemeralcontainers", verb: "patch", query: "", code: 200, requestObject: patch };
  const added = auditRecord({ user: "ana", receivedS: at, stage: "ResponseComplete", ...debug });
  const start = entered(30, at + 2, ["sh"], inDebugger);

  test("debug --target: the first that is seen of the added container is of whoever added it", async (t) => {
    const world = await openTestHub(t);
    await world.hub.ingest([frameOf([start, evilChild(40, 30, at + 6, inDebugger)])], sender);
    await world.hub.audit([added], audit);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known ana (only_match)"]);
  });

  test("one that comes in later is its own session's", async (t) => {
    const world = await openTestHub(t);
    const into = auditRecord({ user: "bob", receivedS: at + 4, query: "container=debugger-x&command=sh" });
    await world.hub.audit([added, into], audit);
    const second = entered(31, at + 4.2, ["sh"], inDebugger);
    await world.hub.ingest([frameOf([start, second, evilChild(41, 31, at + 6, inDebugger)])], sender);
    await world.hub.ingest([frameOf([reportAt(at + 50)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known bob (only_match)"]);
  });

  test("where the first was not seen, the next may be the session's that it fits", async (t) => {
    const world = await openTestHub(t);
    const into = auditRecord({ user: "bob", receivedS: at + 4, query: "container=debugger-x&command=sh" });
    await world.hub.audit([added, into], audit);
    const second = entered(31, at + 4.2, ["sh"], inDebugger);
    await world.hub.ingest([frameOf([second, evilChild(41, 31, at + 6, inDebugger)])], sender);
    await world.hub.ingest([frameOf([reportAt(at + 50)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started ambiguous ana,bob (several_sessions)"]);
  });

  test("one that began before comes later: it is the first, and the other is nobody's", async (t) => {
    const world = await openTestHub(t);
    await world.hub.audit([added], audit);
    const second = entered(31, at + 4.2, ["sh"], inDebugger);
    await world.hub.ingest([frameOf([second, evilChild(41, 31, at + 6, inDebugger)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known ana (only_match)"]);
    await world.hub.ingest([frameOf([start])], sender);
    assert.equal((await onlyAlert(world)).alert.done_by, undefined);
  });

  test("what was there before the sensor is not what a session began", async (t) => {
    const world = await openTestHub(t);
    await world.hub.audit([added], audit);
    await world.hub.ingest([frameOf([{ ...start, from_snapshot: true }])], sender);
    const second = entered(31, at + 4.2, ["sh"], inDebugger);
    await world.hub.ingest([frameOf([second, evilChild(41, 31, at + 6, inDebugger)])], sender);
    assert.equal((await onlyAlert(world)).alert.done_by, undefined);
  });

  test("what came before it all is told of last: nobody is known any more", async (t) => {
    const world = await openTestHub(t);
    await world.hub.audit([added], audit);
    const second = entered(31, at + 4.2, ["sh"], inDebugger);
    await world.hub.ingest([frameOf([second, evilChild(41, 31, at + 6, inDebugger)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known ana (only_match)"]);
    await world.hub.ingest([frameOf([{ ...start, from_snapshot: true }])], sender);
    assert.equal((await onlyAlert(world)).alert.done_by, undefined);
  });

  test("the runtime is not its container's first, though it was in it before", async (t) => {
    const world = await openTestHub(t);
    const runtime = entered(29, at + 1, ["runc", "init"], inDebugger);
    await world.hub.ingest([frameOf([runtime, start, evilChild(40, 30, at + 6, inDebugger)])], sender);
    await world.hub.audit([added], audit);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known ana (only_match)"]);
  });

  test("shareProcessNamespace, hostPID: whoever is attached may be the one", async (t) => {
    const world = await openTestHub(t);
    await world.hub.audit([auditRecord({ user: "ana", receivedS: at, ...attach })], audit);
    await world.hub.ingest([frameOf([first({ ns_pid: 7 }), evilChild(40, 30, at + 1)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["attached ambiguous ana (present)"]);
  });
});
