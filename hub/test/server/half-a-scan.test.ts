import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { test } from "node:test";
import {
  type AtalayaEvent,
  alertPageSchema,
  alertSchema,
  EventEncoder,
  encodeFrame,
  eventFromJson,
  type SyscallEvent,
} from "@atalaya/wire";
import { HubProcess } from "./hub-process.ts";

const sample = new URL(
  "../../../detections/samples/network-scanning-by-many-ports/fires-renamed-scanner.json",
  import.meta.url,
);

/** The captured scan, as it would happen now. */
function scan(): SyscallEvent[] {
  const { events } = JSON.parse(readFileSync(sample, "utf8")) as { events: unknown[] };
  const decoded = events.map((event) => {
    const read = eventFromJson(event);
    assert.ok(read.ok);
    return read.value as SyscallEvent;
  });
  const shift = Date.now() * 1_000 - (decoded[0]?.time_us ?? 0);
  return decoded.map((event, i) => ({ ...event, time_us: (event.time_us ?? 0) + shift, position: 64 * (i + 1) }));
}

function frames(events: readonly SyscallEvent[]): Buffer[] {
  return [...Map.groupBy(events, (event) => event.class)].map(([name, some]) => {
    const encoder = new EventEncoder();
    for (const event of some) encoder.add(event as AtalayaEvent);
    const span = { firstPosition: some[0]?.position ?? 0, lastPosition: some.at(-1)?.position ?? 0 };
    const times = { firstTimeUs: some[0]?.time_us ?? 0, lastTimeUs: some.at(-1)?.time_us ?? 0 };
    const rings = { ring: name === "process" ? 0 : 1, bootId: "00112233445566778899aabbccddeeff" };
    const names = {
      node: hostname(),
      cluster: "local",
      containerId: "",
      workspace: "",
      layoutHash: "0011223344556677",
    };
    return encodeFrame(
      { class: name, eventCount: some.length, ...span, ...times, ...rings, ...names },
      encoder.bytes(),
    );
  });
}

test("a scan seen half before the hub was killed with -9 is found after it, once, with what both halves tried", async (t) => {
  const hub = await HubProcess.start(t);
  const events = scan();
  const connects = events.filter((event) => event.class === "network");
  assert.ok(connects.length >= 16);
  const [first, second] = [connects.slice(0, 9), connects.slice(9)];
  const before = await hub.ingest(frames([...events.filter((event) => event.class === "process"), ...first]));
  assert.equal(before.status, 200, before.text);
  const scans = async () => {
    const { alerts } = await hub.client().get("/api/v1/alerts", alertPageSchema);
    return alerts.filter((alert) => alert.rule === "Network Scanning by Many Ports");
  };
  assert.deepEqual(await scans(), []);
  await hub.stop("SIGKILL");
  await hub.start();
  // The first half again, as from a publisher that saw no answer: it counts once.
  const again = await hub.ingest(frames(first));
  assert.equal(JSON.parse(again.text).duplicates, first.length);
  const after = await hub.ingest(frames(second));
  assert.equal(after.status, 200, after.text);
  const [found, ...more] = await scans();
  assert.ok(found !== undefined);
  assert.deepEqual(more, []);
  const alert = await hub.client().get(`/api/v1/alerts/${found.alert_id}`, alertSchema);
  const fields = alert.evidence[0]?.output_fields ?? {};
  assert.equal(fields["correlate.count"], 16);
  const ports = String(fields["correlate.values"]).split(" ");
  const portsOf = (half: SyscallEvent[]) => half.map((event) => ("dst_port" in event ? String(event.dst_port) : ""));
  assert.ok(
    portsOf(first).every((port) => ports.includes(port)),
    "the first half",
  );
  assert.ok(
    portsOf(second).some((port) => ports.includes(port)),
    "the second half",
  );
});
