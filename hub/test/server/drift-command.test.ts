import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { evilExec, evilRule, frameOf, sender } from "../core/hub-fixture.ts";
import { serveHub } from "../served-hub.ts";

const main = fileURLToPath(new URL("../../../cli/src/main.ts", import.meta.url));
const text = evilRule
  .replace("tags: [T1059]", "tags: [T1059, drift]")
  .replace("container_id=%container.id", "container_id=%container.id exe=%proc.exepath");

test("a drift policy is tried on the alerts that came, then put in force, by the command line", async (t) => {
  const hub = await serveHub(t, undefined, { builtIn: [{ path: "drift.yaml", text, pack: "built-in" }] });
  const drift = async (...args: string[]) => {
    const all = ["--disable-warning=ExperimentalWarning", main, "drift", ...args, "--data", hub.data];
    return (await promisify(execFile)(process.execPath, all)).stdout;
  };
  const here = { ...sender, workspaceId: "default" };
  const inBuilds = { container_id: "c-1", k8s_namespace: "builds", exe_path: "/workspace/tool" };
  await hub.core.ingest(
    [frameOf([evilExec(inBuilds), evilExec({ container_id: "c-2", k8s_namespace: "shop" })])],
    here,
  );
  const file = join(hub.data, "policy.json");
  const policy = { rules: [{ name: "builds", namespaces: ["build*"], allow: ["/workspace/*"], action: "alert" }] };
  writeFileSync(file, JSON.stringify(policy));

  const said = await drift("apply", file, "--dry-run");
  assert.match(said, /^ignore .*c-1.*\(rule builds\)$/m);
  assert.match(said, /^alert .*c-2.*\(no rule decides\)$/m);
  assert.match(said, /^1 of 2 alerts would not have been told\. Nothing was changed\.$/m);
  assert.doesNotMatch(said, /More alerts came/);
  const cut = await drift("apply", file, "--dry-run", "--limit", "1");
  assert.match(cut, /^More alerts came; only the newest 1 were looked at/m);
  assert.match(cut, /^[01] of 1 alerts would not have been told/m);
  await assert.rejects(drift("apply", file, "--dry-run", "--limit", "some"), /--limit takes a whole number/);
  assert.deepEqual(JSON.parse(await drift("get")), { rules: [] });

  assert.equal(await drift("apply", file), "in force: 1 rule\n");
  assert.deepEqual(JSON.parse(await drift("get")), policy);
  await hub.core.ingest([frameOf([evilExec(inBuilds)])], here);
  const { alerts } = await hub.core.alertPage("default", {});
  assert.deepEqual(
    alerts.map((alert) => alert.count),
    [1, 1],
  );

  writeFileSync(file, JSON.stringify({ rules: [{ name: "stop", action: "kill" }] }));
  await assert.rejects(drift("apply", file), /rules\.0\.action/);
  writeFileSync(file, JSON.stringify({ rules: [{ name: "stop", action: "block", allow: ["/x"] }] }));
  await assert.rejects(drift("apply", file), /rules\.0\.allow: block knows no welcome programs/);
});

test("what was blocked, and what would have been, is listed; a policy that blocks is tried on alerts", async (t) => {
  const told = text.replace("exe=%proc.exepath", "exe=%proc.exepath verdict=%proc.exec_verdict");
  const hub = await serveHub(t, undefined, { builtIn: [{ path: "drift.yaml", text: told, pack: "built-in" }] });
  const drift = async (...args: string[]) => {
    const all = ["--disable-warning=ExperimentalWarning", main, "drift", ...args, "--data", hub.data];
    return (await promisify(execFile)(process.execPath, all)).stdout;
  };
  const verdicts = ["blocked", "would_block", null] as const;
  const events = verdicts.map((exec_verdict, n) =>
    evilExec({
      container_id: `c-${n}`,
      k8s_namespace: "shop",
      exec_verdict,
      argv: ["evil", '"proc.exec_verdict":"blocked"'],
    }),
  );
  await hub.core.ingest([frameOf(events)], { ...sender, workspaceId: "default" });
  const said = await drift("blocked");
  assert.match(said, /^blocked .*c-0/m);
  assert.match(said, /^would_block .*c-1/m);
  assert.doesNotMatch(said, /c-2/);
  assert.match(said, /^blocked: 1, on trial: 1$/m);
  const file = join(hub.data, "policy.json");
  writeFileSync(file, JSON.stringify({ rules: [{ name: "stop", namespaces: ["shop"], action: "block" }] }));
  assert.match(
    await drift("apply", file, "--dry-run"),
    /^3 would have been blocked, where the node's own file permits/m,
  );
  assert.equal(await drift("apply", file), "in force: 1 rule\n");
});
