import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProcessEvent, TreeRow } from "@atalaya/wire";
import { evilExec, frameOf, openTestHub, processEvent, sender } from "./hub-fixture.ts";

const drawn = (rows: readonly TreeRow[]) =>
  rows.map((row) => `${"  ".repeat(row.depth)}${row.cmdline || row.name}${row.subject ? " <" : ""}`);

const fpm = { pid: 20, start_us: 2_000 };
const shell = { pid: 30, start_us: 3_000 };
const bash = { pid: 40, start_us: 4_000 };
const under = (parent: { pid: number; start_us: number }, of: Partial<ProcessEvent>): Partial<ProcessEvent> => ({
  ppid: parent.pid,
  parent_start_us: parent.start_us,
  ...of,
});
const ancestors: Partial<ProcessEvent> = {
  ancestor_pids: [20, 10],
  ancestor_starts_us: [2_000, 1_000],
  ancestor_names: ["php-fpm", "containerd-shim"],
  ancestor_exe_paths: ["/usr/sbin/php-fpm", "/usr/bin/containerd-shim"],
  ancestor_cmdlines: ["php-fpm: pool www", "containerd-shim -id c0ffee"],
};

test("the tree goes on growing after the alert: php-fpm, sh, bash, curl, and the siblings in that container", async (t) => {
  const { hub } = await openTestHub(t);
  const now = Date.now() * 1_000;
  const subject = evilExec(
    under(fpm, { ...shell, ...ancestors, time_us: now, name: "evil", argv: ["evil", "-c", "bash"] }),
  );
  await hub.ingest(
    [
      frameOf([
        processEvent(under(fpm, { ...shell, activity: "fork", time_us: now - 50, name: "php-fpm", argv: null })),
        subject,
        processEvent(under(fpm, { pid: 31, start_us: 3_100, time_us: now + 100, name: "id", argv: ["id"] })),
        processEvent(
          under(fpm, { pid: 32, start_us: 3_200, time_us: now + 200, name: "ls", argv: ["ls"], container_id: "other" }),
        ),
      ]),
    ],
    sender,
  );
  const { alerts } = await hub.alertPage("main", {});
  const id = alerts[0]?.alert_id ?? "";
  const before = await hub.alert("main", id);
  assert.deepEqual(drawn(before?.process_tree ?? []), [
    "containerd-shim -id c0ffee",
    "  php-fpm: pool www",
    "    evil -c bash <",
    "    id",
  ]);
  await hub.ingest(
    [
      frameOf([
        processEvent(under(shell, { ...bash, time_us: now + 1_000, name: "bash", argv: ["bash"] })),
        processEvent(
          under(bash, { pid: 50, start_us: 5_000, time_us: now + 2_000, name: "curl", argv: ["curl", "x"] }),
        ),
        processEvent(under(bash, { pid: 50, start_us: 5_000, time_us: now + 3_000, activity: "exit" })),
      ]),
    ],
    sender,
  );
  const after = await hub.alert("main", id);
  assert.deepEqual(drawn(after?.process_tree ?? []), [
    "containerd-shim -id c0ffee",
    "  php-fpm: pool www",
    "    evil -c bash <",
    "      bash",
    "        curl x",
    "    id",
  ]);
  assert.equal(after?.process_tree[4]?.ended_us, now + 3_000);
});

test("a process that execs again has a row for each program, and its children hang under the one that started them", async (t) => {
  const { hub } = await openTestHub(t);
  const now = Date.now() * 1_000;
  await hub.ingest(
    [
      frameOf([
        evilExec(under(fpm, { ...shell, ...ancestors, time_us: now })),
        processEvent(under(shell, { pid: 41, start_us: 4_100, time_us: now + 10, argv: ["child-of-first"] })),
        processEvent(under(fpm, { ...shell, time_us: now + 20, argv: ["second-program"] })),
        processEvent(under(shell, { pid: 42, start_us: 4_200, time_us: now + 30, argv: ["child-of-second"] })),
      ]),
    ],
    sender,
  );
  const { alerts } = await hub.alertPage("main", {});
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.deepEqual(drawn(alert?.process_tree ?? []).slice(2), [
    "    evil --now <",
    "      child-of-first",
    "      second-program",
    "        child-of-second",
  ]);
});

test("without kept rows the tree is the ancestors and the process that the event knew", async (t) => {
  const { hub } = await openTestHub(t);
  // A file event leaves no process rows.
  const event = evilExec(under(fpm, { ...shell, ...ancestors, exe_upper_layer: true }));
  await hub.ingest([frameOf([{ ...event, activity: "exec", start_us: null }])], sender);
  const { alerts } = await hub.alertPage("main", {});
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  assert.deepEqual(drawn(alert?.process_tree ?? []).slice(1), ["  php-fpm: pool www", "    evil --now <"]);
  assert.equal(alert?.process_tree[2]?.origin, "added");
});

test("another alert about a process of the tree is marked on its row", async (t) => {
  const { hub } = await openTestHub(t);
  const now = Date.now() * 1_000;
  const child = evilExec(under(shell, { ...bash, time_us: now + 10, container_id: "beef", argv: ["evil", "child"] }));
  await hub.ingest([frameOf([evilExec(under(fpm, { ...shell, ...ancestors, time_us: now })), child])], sender);
  const { alerts } = await hub.alertPage("main", { container: "c0ffee" });
  const alert = await hub.alert("main", alerts[0]?.alert_id ?? "");
  const row = alert?.process_tree.find((one) => one.pid === bash.pid);
  assert.deepEqual(
    row?.alerts?.map((mark) => mark.title.en),
    ["Evil program"],
  );
});
