import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { zstdCompressSync } from "node:zlib";
import { evilExec, frameBytes, frameOf, processEvent, sender } from "../core/hub-fixture.ts";
import { publisherReport, serveHub } from "../served-hub.ts";

const main = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));

test("scopes are put in force, and what was recorded is shown, by the command line", async (t) => {
  const hub = await serveHub(t);
  const recorder = async (...args: string[]) => {
    const all = ["--disable-warning=ExperimentalWarning", main, "recorder", ...args, "--data", hub.data];
    return (await promisify(execFile)(process.execPath, all)).stdout;
  };
  assert.deepEqual(JSON.parse(await recorder("get")), { scopes: [] });
  const file = join(hub.data, "recorder.json");
  writeFileSync(file, JSON.stringify({ scopes: [{ name: "shop", namespace: ["shop"] }] }));
  await assert.rejects(recorder("apply", file), /scopes\.0: Unrecognized key: "namespace"/);
  const policy = { scopes: [{ name: "shop", namespaces: ["shop"] }] };
  writeFileSync(file, JSON.stringify(policy));
  assert.equal(await recorder("apply", file), "in force: 1 scope\n");
  assert.deepEqual(JSON.parse(await recorder("get")), policy);

  await hub.core.ingest([frameOf([evilExec({ k8s_namespace: "shop" })])], { ...sender, workspaceId: "default" });
  const { alerts } = await hub.core.alertPage("default", {});
  const id = alerts[0]?.alert_id ?? "";
  assert.equal(await recorder("show", id), "The node has not answered yet.\n");
  const events = [processEvent({ argv: ["curl", "\u001b[2Jevil.example"], name: "curl", pid: 71 })];
  const frame = frameBytes(events, { containerId: "c0ffee", firstPosition: 5, lastPosition: 7 });
  const answer = { frames: zstdCompressSync(frame), keptFromUs: 5, isCut: true, damaged: 1 };
  await hub.core.recorder.answer({ workspaceId: "default", cluster: "local", node: "node-1" }, id, answer);
  const said = await recorder("show", id);
  assert.match(said, /process exec\s+curl\(71\)\s+curl \\u001b\[2Jevil\.example/);
  assert.match(said, /^process: 1 recorded, 4 earlier, 2 lost$/m);
  assert.match(said, /left out/);
  assert.match(said, /^1 pieces of the node's recording were damaged\.$/m);

  const counts = { recorded: 9, aged: 3, given_up: 2, unwritten: 1, refused_frames: 0 };
  const is = { bytes: 1_048_576, bytes_max: 67_108_864, oldest_us: null, ...counts };
  await hub.sync("n-1", { publisher: publisherReport({ recorder: is }) });
  const status = JSON.parse(await recorder("status", "--json")) as { scopes: unknown };
  assert.deepEqual(status.scopes, policy.scopes);
  const figures = await hub.client.text("/metrics");
  assert.match(figures, /atalaya_node_recorder_events\{[^}]*node="n-1"[^}]*what="given_up"\} 2/);
  assert.match(figures, /atalaya_node_recorder_bytes\{[^}]*node="n-1"[^}]*\} 1048576/);
  await assert.rejects(recorder("stop"), /recorder takes get/);
});
