import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { alertSchema } from "@atalaya/wire";
import { skipUnless } from "../tools/testing/needs.ts";
import { type Stack, startStack } from "./stack.ts";

const main = fileURLToPath(new URL("../cli/src/main.ts", import.meta.url));
const skip = skipUnless("kernel", "containers");
const deadlineSeconds = 5;

type Line = { scenario: string; alert: string; status: string; seconds: number | null; alert_id: string | null };

let stack: Stack | undefined;
before(async () => {
  if (skip === false) stack = await startStack();
});
after(async () => {
  await stack?.stop();
});

async function simulate(...args: string[]): Promise<{ lines: Line[]; status: number; errors: string }> {
  assert.ok(stack);
  const all = [main, "simulate", "--local", ...args, "--json", "--data", stack.dataFolder];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...all]);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (part) => {
    output += part;
  });
  child.stderr.on("data", (part) => {
    errors += part;
  });
  const [status] = (await once(child, "close")) as [number];
  const lines = output.split("\n").filter((line) => line !== "");
  return { lines: lines.map((line) => JSON.parse(line) as Line), status, errors };
}

for (const runtime of ["runc", "containerd"]) {
  test(`every local alert of the simulation arrives within five seconds, in ${runtime}`, { skip }, async () => {
    const { lines, status, errors } = await simulate("all", "--runtime", runtime);
    const alerted = new Set(lines.filter((line) => line.status === "alerted").map((line) => line.alert));
    assert.deepEqual(
      lines.filter((line) => line.status === "missed" || line.status === "attack_failed"),
      [],
      errors,
    );
    assert.equal(alerted.size, 12, errors);
    for (const line of lines)
      if (line.seconds !== null) assert.ok(line.seconds <= deadlineSeconds, JSON.stringify(line));
    assert.equal(status, 0);
    assert.ok(stack);
    const shell = lines.find((line) => line.alert.startsWith("Possible Web Shell") && line.alert_id !== null);
    const alert = await stack.client.get(`/api/v1/alerts/${shell?.alert_id}`, alertSchema);
    assert.notEqual(alert.where.container_id, undefined);
    assert.match(alert.where.reason ?? "", /annotations/);
    assert.ok(alert.process_tree.some((row) => row.name.startsWith("php-fpm")));
    const subject = alert.process_tree.find((row) => row.subject);
    assert.match(subject?.cmdline ?? "", /sh/);
  });
}
