import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RecorderPolicy } from "@atalaya/wire/api";
import { skipUnless } from "../../tools/testing/needs.ts";
import { PageInBrowser, refetched } from "./page-in-browser.ts";

const policy: RecorderPolicy = {
  scopes: [
    { name: "shop", namespaces: ["shop", "shop-*"], containers: ["web"] },
    { name: "runners", clusters: ["ci-*"], labels: { app: "runner-*" } },
  ],
};

describe("who is recorded, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("a scope is added by keyboard and put in force, and what is wrong with it is said by its name", async () => {
    at.hub.recorderPolicy = policy;
    const page = await at.open("/recorder");
    const put = page.getByRole("button", { name: "Put in force" });
    await page.getByText("This is in force.").waitFor();
    assert.equal(await put.isDisabled(), true, "nothing was changed");
    await page.getByRole("button", { name: "Add a scope" }).press("Enter");
    const added = page.getByRole("listitem", { name: "Scope 3" });
    await added.getByText("this scope fits every container of every node").waitFor();
    await page.waitForFunction(() => document.activeElement?.closest("li")?.ariaLabel === "Scope 3");
    await page.keyboard.type("shop");
    await page.getByRole("alert").getByText("two scopes have the same name").waitFor();
    assert.equal(await put.isDisabled(), true, "it can't be read");
    await page.keyboard.type("-api");
    await added.getByLabel("Labels (key=pattern)").fill("app=api-*\ntier=front");
    assert.equal(await added.getByText("this scope fits every container").count(), 0);
    await page.getByText("Not in force yet.").waitFor();
    await page.getByRole("button", { name: "Remove: Scope 2: runners" }).press("Enter");
    await page.waitForFunction(() => document.activeElement?.textContent === "Add a scope");
    await put.press("Enter");
    await page.getByText("In force: 2 scopes.").waitFor();
    await page.waitForFunction(() => document.activeElement?.textContent === "This is in force.");
    const wanted = [policy.scopes[0], { name: "shop-api", labels: { app: "api-*", tier: "front" } }];
    assert.deepEqual(at.hub.recorderPolicy, { scopes: wanted });
    assert.deepEqual(page.complaints, []);
  });

  test("without a scope it says that nobody is recorded, and what was changed can be undone", async () => {
    const page = await at.open("/recorder");
    await page.getByText("No scope is in force: nobody is recorded.").waitFor();
    await page.getByRole("button", { name: "Add a scope" }).click();
    await page.getByRole("listitem", { name: "Scope 1" }).getByLabel("Name", { exact: true }).fill("shop");
    await page.getByRole("button", { name: "Undo my changes" }).click();
    await page.getByText("No scope is in force: nobody is recorded.").waitFor();
    await page.getByText("This is in force.").waitFor();
    assert.deepEqual(
      at.hub.changes.filter(({ path }) => path === "recorder-policy"),
      [],
    );
  });

  test("of two who edit, the second is refused, keeps what was typed, and may load the other's", async () => {
    at.hub.recorderPolicy = policy;
    const page = await at.open("/recorder");
    const shop = page.getByRole("listitem", { name: "Scope 1: shop" });
    await shop.getByLabel("Pods").fill("mine-*");
    const theirs: RecorderPolicy = { scopes: [{ name: "theirs", namespaces: ["bank"] }] };
    at.hub.recorderPolicy = theirs;
    await refetched(page, "recorder-policy", () => at.hub.dropStreams());
    await page.getByRole("button", { name: "Put in force" }).click();
    const told = page.getByRole("alert").filter({ hasText: "Somebody else changed the scopes" });
    await told.waitFor();
    assert.deepEqual(at.hub.recorderPolicy, theirs);
    assert.equal(await shop.getByLabel("Pods").inputValue(), "mine-*", "what was typed stays until then");
    await told.getByRole("button", { name: "Load it anew" }).click();
    await page.getByRole("listitem", { name: "Scope 1: theirs" }).waitFor();
    assert.equal(await told.count(), 0);
  });

  test("who was refused and undoes what was typed sees what is in force, and it is said to be", async () => {
    at.hub.recorderPolicy = policy;
    const page = await at.open("/recorder");
    await page.getByRole("listitem", { name: "Scope 1: shop" }).getByLabel("Pods").fill("mine-*");
    at.hub.recorderPolicy = { scopes: [{ name: "theirs", namespaces: ["bank"] }] };
    await refetched(page, "recorder-policy", () => page.getByRole("button", { name: "Put in force" }).click());
    const told = page.getByRole("alert").filter({ hasText: "Somebody else changed the scopes" });
    await told.waitFor();
    await page.getByRole("button", { name: "Undo my changes" }).click();
    await page.getByRole("listitem", { name: "Scope 1: theirs" }).waitFor();
    await page.getByText("This is in force.").waitFor();
    assert.equal(await told.count(), 0);
  });

  test("two patterns for one label are refused in words, and neither is dropped", async () => {
    at.hub.recorderPolicy = policy;
    const page = await at.open("/recorder");
    const labels = page.getByRole("listitem", { name: "Scope 2: runners" }).getByLabel("Labels (key=pattern)");
    await labels.fill("app=web-*\napp=api-*");
    await page.getByRole("alert").getByText("Scope 2 (runners): the label app stands in several lines").waitFor();
    assert.equal(await page.getByRole("button", { name: "Put in force" }).isDisabled(), true);
    await labels.fill("app=web-*\ntier=api-*");
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText("In force: 2 scopes.").waitFor();
    assert.deepEqual(at.hub.recorderPolicy.scopes[1]?.labels, { app: "web-*", tier: "api-*" });
  });

  test("each node says how many containers it records, how full its recorder is, and what it lost", async () => {
    const [first] = at.hub.sensors;
    assert.ok(first?.report);
    first.report.recorded_containers = 12;
    const page = await at.open("/recorder");
    const nodes = page.getByRole("list", { name: "On the nodes" });
    const losing = nodes.getByRole("listitem").first();
    await losing.getByText("20 MiB of 64 MiB").waitFor();
    await losing.getByText("1,234 events lost for want of room").waitFor();
    assert.equal(
      await losing.getByRole("meter").evaluate((one) => Math.round((one as HTMLMeterElement).value)),
      20_971_520,
    );
    await nodes.getByRole("listitem", { name: first.node }).getByText("12 containers now").waitFor();
    await page.getByText("12 containers are recorded now, on 1 node.").waitFor();
  });

  test("what fails says so, and the rest of the page stays", async () => {
    at.hub.failing = ["recorder-policy"];
    const page = await at.open("/recorder");
    const failed = page.getByRole("alert").filter({ hasText: "The hub's database does not answer." });
    await failed.waitFor();
    await page.getByRole("list", { name: "On the nodes" }).getByRole("listitem").first().waitFor();
    at.hub.failing = [];
    await failed.getByRole("button", { name: "Try again" }).click();
    await page.getByText("No scope is in force").waitFor();
  });

  for (const [path, setting, field, typed] of [
    ["/recorder", "recorder-policy", "Pods", "mine-*"],
    ["/drift", "drift-policy", "Pods", "mine-*"],
    ["/settings", "notification", "Address (https://…)", "https://mine.example.org/hook"],
  ] as const)
    test(`what was typed at ${path} stays when a later reading fails, and the failure is said beside it`, async () => {
      at.hub.recorderPolicy = policy;
      at.hub.driftPolicy = { rules: [{ name: "shop", action: "alert" }] };
      const page = await at.open(path);
      const input = page.getByRole("textbox", { name: field }).first();
      await input.fill(typed);
      await page.locator('[data-stream="live"]').waitFor();
      at.hub.failing = [setting];
      at.hub.dropStreams();
      const failed = page.getByRole("alert").filter({ hasText: "The hub's database does not answer." });
      await failed.waitFor();
      assert.equal(await input.inputValue(), typed);
      at.hub.failing = [];
      await failed.getByRole("button", { name: "Try again" }).click();
      await failed.waitFor({ state: "detached" });
      assert.equal(await input.inputValue(), typed);
    });

  test("who is no administrator reads it and changes nothing, in Spanish, and on a small screen", async () => {
    at.hub.role = "analyst";
    at.hub.recorderPolicy = policy;
    const page = await at.open("/recorder", { locale: "es-ES", width: 400 });
    const scope = page.getByRole("listitem", { name: "Ámbito 1: shop" });
    assert.equal(await scope.getByLabel("Nombre", { exact: true }).isDisabled(), true);
    assert.equal(await page.getByRole("button", { name: "Poner en vigor" }).count(), 0);
    assert.equal(await page.getByText("Quién la cambió").count(), 0);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 400);
  });
});
