import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { frameOf, openTestHub, sender } from "../core/hub-fixture.ts";
import { auditRecord, entered, evilChild, onlyAlert, reportAt, said } from "./pod-world.ts";

// Seconds of the epoch; the hub's own clock is not asked by the join, but for how long rows stay.
const at = Math.floor(Date.now() / 1_000) - 60;
const audit = { ...sender, node: null };

describe("an alert says whose session it came from", () => {
  test("the alert is there at once, and amends itself when the audit record arrives later", async (t) => {
    const world = await openTestHub(t);
    const { hub } = world;
    const told: unknown[] = [];
    t.after(hub.listen({ alert: ({ alert }) => told.push(alert.by ?? null) }));
    await hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
    await hub.ingest([frameOf([reportAt(at + 50)])], sender);
    assert.equal((await onlyAlert(world)).alert.done_by, undefined);
    await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    const { alert, summary } = await onlyAlert(world);
    assert.deepEqual(said(alert.done_by), ["started known ana (only_match)"]);
    const { groups, source_ips, user_agent, command } = alert.done_by?.[0]?.sessions[0] ?? {};
    assert.deepEqual(
      [groups, source_ips, user_agent, command],
      [["developers", "system:authenticated"], ["198.51.100.7"], "kubectl/v1.34.4", ["bash"]],
    );
    assert.deepEqual(summary?.by, { users: ["ana"], how: "started", certainty: "known" });
    assert.deepEqual(told, [null, summary?.by], "whoever watches is told twice");
    assert.deepEqual(said(alert.evidence[0]?.done_by), ["started known ana (only_match)"]);
    const rows = alert.process_tree.map((row) => `${row.name} ${row.done_by?.sessions[0]?.user ?? "-"}`);
    assert.deepEqual(rows, ["shim -", "bash ana", "evil ana"]);
    assert.equal((await hub.alertPage("main", { q: "ana" })).alerts.length, 1, "the user is searched for");
  });

  test("until the node has been heard far enough the name is one that it may be", async (t) => {
    const world = await openTestHub(t);
    const { hub } = world;
    await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    await hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started ambiguous ana (still_arriving)"]);
    await hub.ingest([frameOf([reportAt(at + 41)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started ambiguous ana (still_arriving)"]);
    await hub.ingest([frameOf([reportAt(at + 42.1)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started known ana (only_match)"]);
  });

  test("a record that comes late takes a certainty back that it contradicts", async (t) => {
    const world = await openTestHub(t);
    const { hub } = world;
    await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    const both = [entered(30, at + 0.2, ["bash"]), entered(31, at + 0.4, ["bash"])];
    await hub.ingest([frameOf([...both, evilChild(40, 30, at + 1), reportAt(at + 50)].slice(0, 3))], sender);
    await hub.ingest([frameOf([reportAt(at + 50)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started ambiguous ana (several_processes)"]);
    await hub.audit([auditRecord({ user: "bob", receivedS: at + 0.1 })], audit);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), ["started ambiguous ana,bob (several_sessions)"]);
  });

  test("one alert of two sessions names both, and each piece of evidence its own", async (t) => {
    const world = await openTestHub(t);
    const { hub } = world;
    await hub.audit(
      [
        auditRecord({ user: "ana", receivedS: at, query: "container=web&command=sh&command=-c&command=evil" }),
        auditRecord({ user: "bob", receivedS: at }),
      ],
      audit,
    );
    const starts = [entered(30, at + 0.2, ["sh", "-c", "evil"]), entered(31, at + 0.4, ["bash"])];
    await hub.ingest([frameOf([...starts, evilChild(40, 30, at + 1), evilChild(41, 31, at + 2)])], sender);
    await hub.ingest([frameOf([evilChild(42, 0, at + 3, { entry_pid: null, entry_start_us: null })])], sender);
    await hub.ingest([frameOf([reportAt(at + 50)])], sender);
    const { alert, summary } = await onlyAlert(world);
    assert.deepEqual(
      alert.evidence.map((one) => said(one.done_by)[0]),
      ["started known ana (only_match)", "started known bob (only_match)", undefined],
    );
    assert.deepEqual(summary?.by, { users: ["ana", "bob"], how: "started", certainty: "ambiguous" });
    assert.deepEqual(said(alert.done_by), [
      "started ambiguous ana (part_of_alert)",
      "started ambiguous bob (part_of_alert)",
    ]);
  });

  test("a join that was half seen is found after a start", async (t) => {
    const first = await openTestHub(t);
    await first.hub.ingest([frameOf([entered(30, at + 0.2, ["bash"]), evilChild(40, 30, at + 1)])], sender);
    await first.close();
    const second = await openTestHub(t, { dataFolder: first.folder });
    await second.hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    assert.deepEqual(said((await onlyAlert(second)).alert.done_by), ["started ambiguous ana (still_arriving)"]);
    await second.close();
    const third = await openTestHub(t, { dataFolder: first.folder });
    await third.hub.ingest([frameOf([reportAt(at + 50)])], sender);
    assert.deepEqual(said((await onlyAlert(third)).alert.done_by), ["started known ana (only_match)"]);
  });

  test("an alert long after the session's start still has its user; both records of the session are one", async (t) => {
    const world = await openTestHub(t);
    const { hub } = world;
    await hub.audit([auditRecord({ user: "ana", receivedS: at })], audit);
    await hub.ingest([frameOf([entered(30, at + 0.2, ["bash"])])], sender);
    await hub.ingest([frameOf([reportAt(at + 50)])], sender);
    await hub.audit([auditRecord({ user: "ana", receivedS: at, stage: "ResponseComplete", stageS: at + 40 })], audit);
    await hub.ingest([frameOf([evilChild(40, 30, at + 31)])], sender);
    const { alert } = await onlyAlert(world);
    assert.deepEqual(said(alert.done_by), ["started known ana (only_match)"]);
    assert.equal(alert.done_by?.[0]?.sessions[0]?.ended_us, (at + 40) * 1e6);
  });

  test("debug is joined with its ephemeral container, attach is marked as attached, a forwarded port as connected", async (t) => {
    const world = await openTestHub(t);
    const { hub } = world;
    const patch = { spec: { ephemeralContainers: [{ name: "debugger-x", image: "busybox" }, { name: "old" }] } };
    const debug = { subresource: "ephemeralcontainers", verb: "patch", query: "", code: 200, requestObject: patch };
    await hub.audit(
      [
        auditRecord({ user: "ana", receivedS: at, stage: "ResponseComplete", ...debug }),
        auditRecord({ user: "ana", receivedS: at + 3, subresource: "attach", query: "container=debugger-x" }),
        auditRecord({ user: "bob", receivedS: at + 4, subresource: "attach", query: "container=debugger-x" }),
        auditRecord({ user: "eva", receivedS: at + 4, subresource: "portforward", query: "ports=80" }),
        auditRecord({ user: "off", receivedS: at + 4, subresource: "attach", query: "container=web" }),
        auditRecord({ user: "no", receivedS: at + 4, subresource: "attach", query: "container=debugger-x", code: 403 }),
      ],
      audit,
    );
    const inDebugger = { container_name: "debugger-x", container_id: "deb" };
    const first = entered(30, at + 2, ["sh"], { ...inDebugger, ns_pid: 1 });
    await hub.ingest([frameOf([first, evilChild(40, 30, at + 6, inDebugger)])], sender);
    assert.deepEqual(said((await onlyAlert(world)).alert.done_by), [
      "started known ana (only_match)",
      "attached ambiguous ana,bob (present)",
      "connected ambiguous eva (present)",
    ]);
  });
});
