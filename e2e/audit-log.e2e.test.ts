import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { alertPageSchema, type LedgerRow, ledgerPageSchema } from "@atalaya/wire";
import { AuditLogWriter } from "../collector/test/audit-log-writer.ts";
import { until } from "../simulator/src/until.ts";
import { skipUnless } from "../tools/testing/needs.ts";
import { type Stack, startStack } from "./stack.ts";

const samples = fileURLToPath(new URL("../detections/samples/privileged-container/", import.meta.url));

describe("an audit log that is read on the machine", { skip: skipUnless("kernel") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-audit-log-"));
  const log = new AuditLogWriter(join(folder, "audit.log"));
  let stack: Stack;

  before(async () => {
    stack = await startStack({ auditLog: log.path });
    const place = join(stack.dataFolder, "state", "audit-log.json");
    await until("the audit log's place", () => existsSync(place), 20_000);
  });
  after(async () => {
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function rows(hop: LedgerRow["hop"]): Promise<LedgerRow | undefined> {
    const { nodes } = await stack.client.get("/api/v1/ledger", ledgerPageSchema);
    return nodes.flatMap((node) => node.rows).find((row) => row.hop === hop && row.class === "api");
  }

  test("a privileged pod in it is an alert within 10 s, with the person who made it", async () => {
    const name = readdirSync(samples).find((one) => one.startsWith("fires-")) ?? "";
    const { records } = JSON.parse(readFileSync(samples + name, "utf8")) as {
      records: { user: { username: string } }[];
    };
    appendFileSync(log.path, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
    const startMs = performance.now();
    const found = async () => {
      const { alerts } = await stack.client.get("/api/v1/alerts?limit=200", alertPageSchema);
      return alerts.find((alert) => alert.rule === "Privileged Container");
    };
    await until("the alert", async () => (await found()) !== undefined, 10_000);
    assert.ok(performance.now() - startMs < 10_000);
    const alert = await found();
    assert.match(JSON.stringify(alert), new RegExp(records[0]?.user.username ?? "nobody"));
  });

  test("with the collector killed while records come, every hop's account has each of them once", async () => {
    const before = (await rows("hub"))?.out ?? 0;
    const collectorPid = () =>
      readFileSync(`/proc/${stack.process.pid}/task/${stack.process.pid}/children`, "utf8")
        .trim()
        .split(" ")
        .map(Number)
        .find((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("collector"));
    let kills = 0;
    for (let round = 1; round <= 150; round++) {
      log.write(20);
      if (round % 40 === 0) log.rotate();
      if (round % 60 === 0) {
        const pid = collectorPid();
        assert.ok(pid !== undefined);
        process.kill(pid, "SIGKILL");
        kills += 1;
        await until("the next collector", () => ![undefined, pid].includes(collectorPid()), 20_000);
      }
      await pause(10);
    }
    assert.equal(kills, 2);
    const wanted = before + log.ids.length;
    await until("all records at the hub", async () => (await rows("hub"))?.out === wanted, 30_000);
    const settled = async () => {
      const [collector, publisher] = [await rows("collector"), await rows("publisher")];
      return collector?.out === wanted && publisher?.out === wanted;
    };
    await until("the hops' last reports", settled, 20_000);
    for (const hop of ["collector", "publisher", "hub"] as const) {
      const row = await rows(hop);
      assert.deepEqual({ ...row, lost: row?.lost, difference: row?.difference }, { ...row, lost: [], difference: 0 });
    }
    assert.equal((await rows("hub"))?.left_out.length, 0, "none came twice");
  });
});
