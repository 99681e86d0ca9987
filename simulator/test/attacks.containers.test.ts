import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import {
  type ContainerRuntime,
  containerdRuntime,
  execInContainer,
  giveOrder,
  makeNetwork,
  openRunFolder,
  plantSecrets,
  prepareVictimRoot,
  type RunFolder,
  removeContainer,
  removeRun,
  runcRuntime,
  scenario,
  scenarioNames,
  startAttacker,
  startStandIns,
  startVictim,
  type Target,
  type VictimRoot,
} from "../index.ts";
import { mountsBelow } from "../src/mounts.ts";
import { until } from "../src/until.ts";
import { makeBusyboxRoot } from "../src/victim/busybox-root.ts";

const skip = skipUnless("containers");

type Make = (folder: RunFolder) => Promise<ContainerRuntime>;
const runtimes: Record<string, Make> = {
  runc: async (folder) => runcRuntime(folder),
  containerd: (folder) => containerdRuntime(folder),
};

/** Runs `use` with an attacker and a victim, and proves afterwards that nothing of them is left. */
async function onStage(root: VictimRoot, make: Make, use: (target: Target) => Promise<void>): Promise<void> {
  const folder = await openRunFolder();
  const secrets = plantSecrets();
  let pids: number[] = [];
  try {
    const runtime = await make(folder);
    const network = await makeNetwork(folder.name);
    const standIns = await startStandIns(network, secrets.metadata, secrets.token);
    const place = { folder, runtime, root, network, secrets };
    try {
      const attacker = await startAttacker(place);
      const victim = await startVictim(place);
      pids = [attacker.pid, victim.pid];
      await use({ attacker, victim, kind: root.kind, secrets });
      await removeContainer(victim);
    } finally {
      await standIns.stop();
    }
  } finally {
    await removeRun(folder);
  }
  assertNothingLeft(folder, pids);
}

function assertNothingLeft(folder: RunFolder, pids: number[]): void {
  assert.deepEqual(mountsBelow(folder.path), []);
  for (const path of [folder.path, `${folder.path}.owner`, `/run/netns/${folder.name}`])
    assert.ok(!existsSync(path), path);
  for (const pid of pids) assert.ok(!alive(pid), `process ${pid} is left`);
}

function alive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function everyStepTakesEffect(target: Target): Promise<void> {
  for (const name of scenarioNames) {
    for (const step of scenario(name, target.kind).steps) {
      const result = await giveOrder(step, target);
      assert.equal(result.failure, undefined, `${name}, ${step.name}: ${result.failure}\n${result.output}`);
    }
  }
}

for (const [name, make] of Object.entries(runtimes)) {
  test(`every step of every scenario takes effect in containers of ${name}`, { skip }, async () => {
    await onStage(await prepareVictimRoot(), make, everyStepTakesEffect);
  });
}

test("every step takes effect in the small victim of busybox", { skip }, async () => {
  const cache = mkdtempSync(join(tmpdir(), "victim-root-"));
  try {
    await onStage(
      { kind: "busybox", path: await makeBusyboxRoot(cache) },
      async (folder) => runcRuntime(folder),
      everyStepTakesEffect,
    );
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test("a step that has no effect says what is missing", { skip }, async () => {
  await onStage(
    await prepareVictimRoot(),
    async (folder) => runcRuntime(folder),
    async (target) => {
      const step = (of: "secrets" | "crypto" | "recon", wanted: string) => {
        const found = scenario(of, target.kind).steps.find(({ name }) => name === wanted);
        assert.ok(found);
        return found;
      };
      await execInContainer(target.victim, ["rm", "/home/user/.git-credentials"]);
      await execInContainer(target.victim, ["chmod", "555", "/var/www/html"]);
      await execInContainer(target.victim, ["chown", "root", "/var/www/html"]);
      const gone = await giveOrder(step("secrets", "git credentials"), target);
      assert.match(gone.failure ?? "", /ended with status 1/);
      const denied = await giveOrder(step("crypto", "miner download"), target);
      assert.match(denied.failure ?? "", /ended with status/);
      const changed = await giveOrder(step("recon", "service account token"), { ...target, secrets: plantSecrets() });
      assert.match(changed.failure ?? "", /lacks the planted value/);
      await execInContainer(target.victim, ["rm", "/var/www/html/ws.php"]);
      // PHP looks at a file that it has compiled again after two seconds.
      await until(
        "the missing web shell's refusal",
        async () =>
          /web shell did not answer/.test((await giveOrder(step("recon", "port scan"), target)).failure ?? ""),
        10_000,
      );
    },
  );
});

test("the victim has no way out of its network", { skip }, async () => {
  await onStage(
    await prepareVictimRoot(),
    async (folder) => runcRuntime(folder),
    async ({ victim }) => {
      const devices = readdirSync(`/proc/${victim.pid}/root/sys/class/net`);
      assert.deepEqual(devices, ["lo"]);
      const reply = await execInContainer(victim, ["curl", "-s", "-m", "3", "http://192.0.2.1/"]);
      assert.equal(reply.status, 7);
    },
  );
});
