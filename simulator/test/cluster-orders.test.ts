import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { expectedAlertNames } from "../src/attack/all-expectations.ts";
import { orderFiles } from "../src/attack/cluster-orders.ts";
import { scenarioNames } from "../src/attack/scenario.ts";
import { chosenScenarios } from "../src/attack/scenarios.ts";
import { clusterRows } from "../src/cluster/cluster-expectations.ts";

const folder = fileURLToPath(new URL("../../charts/atalaya-simulation/files/orders/", import.meta.url));

test("the chart's orders are the simulation's steps (else: node simulator/src/attack/write-orders.ts)", () => {
  const written = new Map(readdirSync(folder).map((name) => [name, readFileSync(folder + name, "utf8")]));
  assert.deepEqual(new Map([...written].sort()), new Map([...orderFiles()].sort()));
});

test("an order's file name does as a key of a ConfigMap and begins with its scenario", () => {
  for (const name of orderFiles().keys()) {
    assert.match(name, /^[-._a-zA-Z0-9]{1,253}$/);
    assert.ok(scenarioNames.some((scenario) => name.startsWith(`${scenario}.`)));
  }
});

test("on a cluster all scenarios together expect the thirteen alerts, each once", () => {
  const rows = clusterRows(chosenScenarios(["all"]));
  assert.equal(rows.length, 13);
  assert.deepEqual(rows.map(({ expectation }) => expectation.alert).sort(), expectedAlertNames().sort());
});

test("each scenario alone expects its own alerts, and every step that raises one is among its orders", () => {
  const expected = { recon: 4, "lateral-mov": 2, secrets: 3, crypto: 6, webshell: 1, "ti-domain": 1 };
  for (const name of scenarioNames) {
    const rows = clusterRows([name]);
    assert.equal(rows.length, expected[name], name);
    const orders = [...orderFiles()].filter(([file]) => file.startsWith(`${name}.`)).map(([, text]) => text);
    for (const step of rows.flatMap((row) => row.steps)) {
      assert.ok(
        orders.some((text) => text.startsWith(`# step: ${step}\n`)),
        `${name}: ${step}`,
      );
    }
  }
});

test("the client that asks for the test domain does not carry it in its own arguments", () => {
  const script = orderFiles().get("ti-domain.01-test-domain.sh") ?? "";
  const client = script.split("|").at(-1) ?? "";
  assert.match(client, /^ curl /);
  assert.doesNotMatch(client, /mdc-eicar/);
});
