// A node that is who it says it is, and lies about everything else: nobody but itself may notice.
import assert from "node:assert/strict";
import type { Agent } from "node:https";
import { after, before, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import {
  type AtalayaEvent,
  blankEvent,
  EventEncoder,
  encodeFrame,
  type PublisherReport,
  type SensorReport,
  syncReplySchema,
} from "@atalaya/wire";
import * as z from "zod";
import { HubProcess } from "./hostile/hub-process.ts";
import type { OpenApi } from "./hostile/request-garbage.ts";

let hub: HubProcess;
let [hostile, honest]: (Agent | undefined)[] = [];
before(async () => {
  hub = await HubProcess.start();
  hostile = hub.agent(2, await hub.enrol("hostile"));
  honest = hub.agent(2, await hub.enrol("honest"));
});
after(() => hub?.stop());

const anything = z.unknown();
const most = Number.MAX_SAFE_INTEGER;
const odd = "x\n\u001b[2J\u202e<script>alert(1)</script>__proto__";

/** Everything is as much as `n`. */
function publisherSays(n: number, change: Partial<PublisherReport> = {}): PublisherReport {
  return {
    ...{ version: odd.slice(0, 64), epoch: "e1", started_us: n, now_us: n, cpu_us: n, memory_bytes: n },
    spool: { bytes: n, bytes_max: 0, frames: n, oldest_us: n, writable: false },
    ...{ certificate_expires_us: n, counters: [], ...change },
  };
}

/** Counters that add up to more than a number holds exactly, under names of prototypes, each twice. */
function counters(round: number, n: number) {
  const names = ["__proto__", "constructor", "toString", odd.slice(0, 32), "process", "file", ""];
  const reasons = ["__proto__", "hasOwnProperty", odd.slice(0, 48), "submitted", "stored", "delivered", "attempted"];
  const all = names.flatMap((name) => reasons.map((reason) => ({ class: name, reason, value: n })));
  const fresh = Array.from({ length: 300 }, (_, i) => ({ class: `c${round}`, reason: `r${round}-${i}`, value: n }));
  return [...all, ...all, ...fresh];
}

async function sync(agent: Agent | undefined, holds: number, publisher = publisherSays(most)) {
  const body = { publisher, confirmed: { version: holds, refused: odd }, holds, wait_s: 0 };
  const headers = { "content-type": "application/json" };
  return hub.send("/v1/sync", Buffer.from(JSON.stringify(body)), { agent: agent as Agent, headers });
}

function reportFrame(round: number, n: number): Buffer {
  const report: SensorReport = {
    ...{ node: "hostile", boot_id: odd, version: odd.slice(0, 64), kernel: odd, started_us: n, lag_us: n },
    ...{ processes: n, containers: n, memory_bytes: n, cpu_us: n, filters_version: n },
    ...{ epoch: `epoch-${round}`, adopted: true, state_version: n, gap_us: n },
    programs: [{ name: odd, loaded: true, attached: false, reason: odd }],
    counters: counters(round, n).map((one) => ({ ...one, reason: one.reason.slice(0, 48) })),
  };
  const event = { ...blankEvent("sensor"), activity: "report", time_us: most, report: JSON.stringify(report) };
  const encoder = new EventEncoder();
  encoder.add(event as AtalayaEvent);
  const position = round + 1;
  return encodeFrame(
    {
      ...{ class: "sensor", ring: 2, eventCount: 1, firstPosition: position, lastPosition: position },
      ...{ firstTimeUs: 0, lastTimeUs: most, bootId: "ff".repeat(16), node: "hostile", cluster: "x", containerId: odd },
      ...{ layoutHash: round.toString(16).padStart(16, "0"), workspace: "" },
    },
    encoder.bytes(),
  );
}

test("reports that lie beyond all numbers are refused or kept, and every page of the API still answers", async () => {
  const statuses = new Set<number>();
  for (let round = 0; round < 40; round++) {
    const n = round % 2 === 0 ? most : 1e308;
    const publisher = publisherSays(n, { epoch: `e${round}`, counters: counters(round, n) });
    statuses.add((await sync(hostile, most - round, publisher)).status);
    const body = zstdCompressSync(reportFrame(round, n));
    statuses.add((await hub.send("/v1/ingest", body, { agent: hostile as Agent })).status);
  }
  assert.deepEqual(
    [...statuses].filter((status) => status !== 200 && status !== 400),
    [],
  );
  const document = JSON.parse(await hub.client.text("/openapi.json")) as OpenApi;
  const pages = Object.entries(document.paths).filter(([path, of]) => of["get"] !== undefined && /^\/api/.test(path));
  for (const [path] of pages) {
    if (path.includes("{") || path.endsWith("/stream")) continue;
    const text = await hub.client.text(path).catch((error: Error) => `failed: ${error.message}`);
    assert.doesNotMatch(text.slice(0, 200), /^failed/, path);
  }
  assert.match(await hub.client.text("/metrics"), /atalaya_/);
  // What it says it lost is news of it, however much that is.
  let told = "";
  for (let i = 0; i < 150 && !told.includes('"node":"hostile"'); i++) {
    await new Promise((done) => setTimeout(done, 100));
    told = await hub.client.text("/api/v1/alerts?node=hostile");
  }
  assert.match(told, /"node":"hostile"/);
  assert.equal(hub.errors, "");
});

test("a node that claims to hold the newest state of all keeps no other from getting its own", async () => {
  assert.equal((await sync(hostile, most - 1)).status, 200);
  const first = await sync(honest, 0, publisherSays(0));
  const before = versionIn(first.text);
  assert.ok(before > 0 && before < Date.now() + 86_400_000, `version ${before}`);
  const { rules } = JSON.parse(await hub.client.text("/api/v1/rules")) as { rules: { rule: string; source: string }[] };
  const rule = rules.find((one) => one.source === "syscall")?.rule ?? "";
  await hub.client.put(`/api/v1/rules/${encodeURIComponent(rule)}/enabled`, { enabled: false }, anything);
  let version = 0;
  for (let i = 0; i < 50 && version <= before; i++) {
    version = versionIn((await sync(honest, before, publisherSays(0))).text);
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.ok(version > before, "a changed rule reaches the honest node");
  assert.ok(version < Date.now() + 86_400_000, `version ${version}: not the liar's`);
});

const versionIn = (text: string): number => {
  const { state } = syncReplySchema.parse(JSON.parse(text));
  return state === undefined ? 0 : Number((JSON.parse(state.state) as { version: number }).version);
};
