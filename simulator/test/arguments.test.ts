import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import { readOptions } from "../src/arguments.ts";
import { scenarioNames } from "../src/attack/scenario.ts";
import { chosenScenarios } from "../src/attack/scenarios.ts";
import { help } from "../src/help.ts";
import { chooseScenario } from "../src/menu.ts";

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === "USAGE" && pattern.test(error.message);

test("in local containers, without a scenario all are meant, with runc and the default patience", () => {
  const options = readOptions(["--local"]);
  assert.deepEqual(options?.words, ["all"]);
  assert.deepEqual(options?.where, { kind: "local", runtime: "runc", cacheFolder: undefined });
  assert.equal(options?.timeoutMs, 15_000);
});

test("on a cluster, without a scenario nothing is chosen yet, and the metadata service has a stand-in", () => {
  const options = readOptions([]);
  assert.deepEqual(options?.words, []);
  assert.ok(options?.where.kind === "cluster");
  assert.equal(options.where.metadataStandIn, true);
  const other = readOptions(["all", "--no-metadata-stand-in", "--values", "a.yaml", "--values", "b.yaml"]);
  assert.ok(other?.where.kind === "cluster");
  assert.equal(other.where.metadataStandIn, false);
  assert.deepEqual(other.where.valueFiles, ["a.yaml", "b.yaml"]);
});

test("help needs nothing else, and names every scenario", () => {
  assert.equal(readOptions(["--help"]), undefined);
  for (const name of scenarioNames) assert.match(help, new RegExp(`^  ${name} `, "m"));
});

test("what cannot be used is named", () => {
  assert.throws(() => readOptions(["--local", "mining"]), usage(/"mining".*crypto/));
  assert.throws(() => readOptions(["--local", "--runtime", "docker"]), usage(/runc or containerd/));
  for (const word of ["0", "-1", "soon", "99999999"]) {
    assert.throws(() => readOptions(["--local", `--timeout=${word}`]), usage(/--timeout takes seconds/));
  }
  assert.throws(() => readOptions(["--local", "--nonsense"]), usage(/--nonsense.*--help/));
  assert.throws(() => readOptions(["all", "--image", "a b"]), usage(/NAME:TAG/));
});

test("an option of the other kind of run is refused, not ignored", () => {
  assert.throws(() => readOptions(["all", "--runtime", "runc"]), usage(/--runtime needs --local/));
  assert.throws(() => readOptions(["--local", "--context", "x"]), usage(/--context goes without --local/));
  assert.throws(() => readOptions(["all", "--mapping", "x.json"]), usage(/--mapping needs --listen/));
});

test("scenarios run in the order of the original, each once", () => {
  assert.deepEqual(chosenScenarios(["webshell", "recon", "recon"]), ["recon", "webshell"]);
  assert.deepEqual(chosenScenarios(["crypto", "all"]), chosenScenarios(["all"]));
  assert.equal(chosenScenarios(["all"]).length, 6);
});

async function choose(...answers: string[]): Promise<string> {
  const [input, output] = [new PassThrough(), new PassThrough()];
  for (const answer of answers) input.write(`${answer}\n`);
  input.end();
  return chooseScenario({ input, output });
}

test("the menu takes a number, a name, or nothing for all, and asks again", async () => {
  assert.equal(await choose("1"), "recon");
  assert.equal(await choose("crypto"), "crypto");
  assert.equal(await choose("7"), "all");
  assert.equal(await choose(""), "all");
  assert.equal(await choose("9", "mining", "6"), "ti-domain");
});

test("a menu whose input ends before a choice says so", async () => {
  await assert.rejects(choose("9"), usage(/No scenario was chosen/));
});
