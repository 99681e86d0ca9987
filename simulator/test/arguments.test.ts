import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import { readOptions } from "../src/arguments.ts";
import { chosenScenarios } from "../src/attack/scenarios.ts";

const usage = (pattern: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === "USAGE" && pattern.test(error.message);

test("without a scenario all are meant, with runc and the default patience", () => {
  const options = readOptions(["--local"]);
  assert.deepEqual(options?.words, ["all"]);
  assert.equal(options?.runtime, "runc");
  assert.equal(options?.timeoutMs, 15_000);
});

test("help needs nothing else", () => {
  assert.equal(readOptions(["--help"]), undefined);
});

test("what cannot be used is named", () => {
  assert.throws(() => readOptions([]), usage(/--local/));
  assert.throws(() => readOptions(["--local", "mining"]), usage(/"mining".*crypto/));
  assert.throws(() => readOptions(["--local", "--runtime", "docker"]), usage(/runc or containerd/));
  for (const word of ["0", "-1", "soon", "99999999"]) {
    assert.throws(() => readOptions(["--local", `--timeout=${word}`]), usage(/--timeout takes seconds/));
  }
  assert.throws(() => readOptions(["--local", "--nonsense"]), usage(/--nonsense.*--help/));
});

test("scenarios run in the order of the original, each once", () => {
  assert.deepEqual(chosenScenarios(["webshell", "recon", "recon"]), ["recon", "webshell"]);
  assert.deepEqual(chosenScenarios(["crypto", "all"]), chosenScenarios(["all"]));
  assert.equal(chosenScenarios(["all"]).length, 6);
});
