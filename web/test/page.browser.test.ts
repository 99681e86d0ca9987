import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert, makeSensors } from "./canned.ts";
import { signIn } from "./chromium.ts";
import { PageInBrowser, refetched, webShellTitle } from "./page-in-browser.ts";

const rows = (page: Page) => page.locator("[data-alert]");

describe("the page in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("a wrong password is refused in words, the right one leads to where the address pointed", async () => {
    at.hub.alerts = [makeAlert(0)];
    const page = await at.window();
    await signIn(page, `${at.address}/alerts/alert-0000?severity=high`, "wrong");
    await page.getByRole("alert").getByText("User name or password is wrong.").waitFor();
    assert.equal(await page.locator('input[name="password"]').inputValue(), "");
    await page.locator('input[name="password"]').fill("correct horse");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: webShellTitle }).waitFor();
    assert.equal(page.url(), `${at.address}/alerts/alert-0000?severity=high`);
  });

  test("the login leads to no other host", async () => {
    const page = await at.window();
    await signIn(page, `${at.address}/login?to=${encodeURIComponent("//evil.example/x")}`);
    await page.waitForURL(`${at.address}/alerts`);
  });

  test("an alert's page tells what, why, where, who, the process tree and what to do", async () => {
    at.hub.alerts = [makeAlert(0), makeAlert(1)];
    const page = await at.open("/alerts/alert-0000");
    await page.getByRole("heading", { name: webShellTitle }).waitFor();
    const part = (name: string) => page.getByRole("region", { name });
    const tree = part("Process tree");
    await tree.getByText("php-fpm: pool www").waitFor();
    assert.match((await tree.locator("[aria-current]").textContent()) ?? "", /base64 -d \| bash.*this alert/);
    await tree.getByText("not from the image").waitFor();
    await tree.getByText("only in memory").waitFor();
    await tree.getByRole("link", { name: "A drift binary was executed in the container" }).waitFor();
    const why = part("Why it fired");
    await why.getByText("proc.name in (shells)").waitFor();
    await why.getByText("php-fpm").waitFor();
    assert.equal(await why.getByText("proc.exepath endswith /busybox").count(), 0);
    await why.getByRole("button", { name: "2 more that do not hold" }).click();
    await why.getByText("proc.exepath endswith /busybox").waitFor();
    await part("Where").getByText("storefront-7d9f").waitFor();
    await part("Who").getByText("www-data").waitFor();
    const technique = page.getByRole("link", { name: /T1505.003 at attack/ });
    assert.equal(await technique.getAttribute("href"), "https://attack.mitre.org/techniques/T1505/003/");
    assert.match((await technique.getAttribute("rel")) ?? "", /noopener/);
    await part("What to do next")
      .getByText("kubectl -n web label pod storefront-7d9f quarantine=true --overwrite")
      .waitFor();
    await page.getByText("Raw event").click();
    await page.getByText('"activity": "exec"').waitFor();
    assert.deepEqual(page.complaints, []);
  });

  test("why, where and when are unknown: the reason stands there", async () => {
    at.hub.alerts = [makeAlert(1)];
    const page = await at.open("/alerts/alert-0001");
    await page.getByRole("region", { name: "Where" }).getByText("the bundle has no annotations").waitFor();
  });

  test("an alert is acknowledged with a comment, by keyboard, and the change carries the header", async () => {
    at.hub.alerts = [makeAlert(0)];
    const page = await at.open("/alerts/alert-0000");
    await page.getByRole("heading", { name: webShellTitle }).waitFor();
    await page.keyboard.press("a");
    await page
      .getByRole("dialog")
      .getByLabel(/Comment/)
      .fill("It is the pen test of team blue.");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const history = page.getByRole("region", { name: "Comments and history" });
    await history.getByText("It is the pen test of team blue.").waitFor();
    assert.deepEqual(at.hub.changes.at(-1), {
      path: "alerts/alert-0000/actions",
      body: { action: "acknowledge", text: "It is the pen test of team blue." },
      csrf: "1",
    });
    assert.equal(await page.locator(".head-facts .status").textContent(), "Acknowledged");
    await page.getByRole("button", { name: "Assign" }).click();
    await page.getByRole("button", { name: "To me" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Assign" }).click();
    await page.getByText("assigned to admin").waitFor();
  });

  test("the language is the browser's, can be switched, and is remembered", async () => {
    at.hub.alerts = [makeAlert(0)];
    const page = await at.open("/alerts", { locale: "es-ES" });
    await page.getByText("Posible actividad de shell web detectada").waitFor();
    await page.getByRole("link", { name: "Ajustes" }).click();
    await page.getByText("English").click();
    await page.getByRole("link", { name: "Alerts" }).first().click();
    await page.getByText(webShellTitle).waitFor();
    await page.reload();
    await page.getByText(webShellTitle).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
  });

  test("dark follows the system and can be switched; the choice is remembered", async () => {
    const page = await at.open("/settings", { dark: true });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(await background(), "rgb(18, 20, 23)");
    await page.getByText("Light", { exact: true }).click();
    assert.equal(await background(), "rgb(246, 246, 243)");
    await page.reload();
    await page.getByText("Light", { exact: true }).waitFor();
    assert.equal(await background(), "rgb(246, 246, 243)");
  });

  for (const path of [
    "/alerts",
    "/alerts/alert-0000",
    "/alerts/alert-0004",
    "/rules",
    "/rules/Web%20Shell",
    "/sensors",
    "/inventory",
    "/inventory?cluster=shop-eu&namespace=shop",
    "/inventory?cluster=shop-eu&namespace=shop&workload=Deployment%2Fweb",
    "/nodes",
    "/drift",
    "/recorder",
    "/changes",
    "/settings",
  ]) {
    test(`${path} fits into 400 px without scrolling sideways`, async () => {
      at.hub.alerts = Array.from({ length: 20 }, (_, n) => makeAlert(n));
      const page = await at.open(path, { width: 400, height: 800 });
      await page.locator(".card, [data-alert], .rule, .list-row").first().waitFor();
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(beyond <= 0, `${beyond} px too wide`);
    });
  }

  test("in the bar of a small screen every place is in view, and has a name for who hears the page", async () => {
    const page = await at.open("/alerts", { width: 400, height: 800 });
    for (const name of ["Alerts", "Inventory", "Programs", "Recorder", "Sensors", "Nodes", "Settings"]) {
      const box = await page.locator("nav").getByRole("link", { name }).boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 400, `${name} is out of view: ${box?.x}`);
    }
    const account = await page.getByRole("button", { name: "signed in as admin" }).boundingBox();
    assert.ok(account !== null && account.x + account.width <= 400, "the account is out of view");
  });

  test("a session that ended leads to the login, says so, and back to the same place", async () => {
    at.hub.alerts = [makeAlert(0)];
    const page = await at.open("/alerts?severity=high");
    await rows(page).first().click();
    await page.getByRole("heading", { name: webShellTitle }).waitFor();
    at.hub.endSessions();
    at.hub.dropStreams();
    await page.getByText("Your session has ended.").waitFor();
    await page.locator('input[name="password"]').fill("correct horse");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: webShellTitle }).waitFor();
    assert.equal(page.url(), `${at.address}/alerts/alert-0000?severity=high`);
  });

  test("a rule is switched off after a question and on without one; a viewer can do neither", async () => {
    const page = await at.open("/rules?q=mining");
    await page.getByText("my-rules.yaml:12:7").waitFor();
    const toggle = page.getByRole("switch");
    assert.equal(await toggle.count(), 1);
    await toggle.press("Space");
    await page.getByRole("button", { name: "Switch off" }).click();
    await page.getByText("The rule is off.").waitFor();
    assert.equal(await toggle.isChecked(), false);
    await toggle.press("Space");
    await page.getByText("The rule is on.").waitFor();
    await page.getByRole("link", { name: "Digital currency mining behaviour detected" }).click();
    await page.getByText("Detectado comportamiento de minería de criptomonedas").waitFor();
    await page.getByText("A web shell that starts no process is not seen here.").waitFor();
    at.hub.role = "viewer";
    await page.reload();
    await toggle.waitFor();
    assert.equal(await toggle.isDisabled(), true);
  });

  test("sensors show what was lost, what did not load and why, and change live", async () => {
    const page = await at.open("/sensors");
    await page.getByRole("region", { name: "node-3" }).getByText("Nothing was lost since").waitFor();
    const card = page.getByRole("region", { name: "node-2" });
    await card.getByText("1,834 events were lost.").waitFor();
    await card.getByText("the kernel refused it: this cgroup hierarchy has no IPv6").waitFor();
    await card.getByText("1 more hang nowhere: no rule asks for what they see.").waitFor();
    await card.getByText("Nothing is blocked. The node's file is not followed:").waitFor();
    await card.getByText("others than root may write to it").waitFor();
    const well = page.getByRole("region", { name: "node-1" });
    await well.getByText("Containers: 7 blocked, 2 on trial.").waitFor();
    await well.getByText("their root is no overlay that the host sees").waitFor();
    await page.locator('[data-stream="live"]').waitFor();
    const [first] = makeSensors();
    at.hub.report({ ...first, events_per_second: 98_765 });
    await page.getByRole("region", { name: "node-1" }).getByText("98,765").waitFor();
  });

  test("a sensor's card draws the node's account: what each hop passed on, and what was lost where and why", async () => {
    const page = await at.open("/sensors");
    const good = page.getByRole("region", { name: "node-1" });
    await good.getByText("It balances: of 150,645 records").waitFor();
    const bad = page.getByRole("region", { name: "node-2" });
    await bad.getByText("1,834 events were lost.").waitFor();
    const kernel = bad.locator(".hop").first();
    assert.match((await kernel.textContent()) ?? "", /no rule can match 8,090,017.*ring full 1,834/);
    await bad.getByText("By class").click();
    assert.equal(await bad.locator(".ledger-table tbody tr").count(), 8);
    await bad.getByText("clock is 1.1 h ahead").waitFor();
    await bad.getByText("Its disk takes nothing").waitFor();
    assert.deepEqual(page.complaints, []);
  });

  test("a node is added by a token that is shown once, and another is revoked after a question", async () => {
    const page = await at.open("/nodes");
    await page.getByRole("button", { name: "Add a node" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Cluster").fill("shop-us");
    await dialog.getByLabel("Node").fill("node-9");
    await dialog.getByRole("button", { name: "Make a token" }).click();
    await dialog.getByText("atalaya-enroll.abcdefgh.secret").waitFor();
    await dialog.getByText("--cluster shop-us --node node-9").waitFor();
    assert.deepEqual(at.hub.changes.at(-1)?.body, { cluster: "shop-us", node: "node-9", valid_s: 3_600 });
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByText("atalaya-enroll").waitFor({ state: "detached" });
    await page.getByRole("region", { name: "Tokens" }).getByText("shop-us / node-9").waitFor();
    const row = page.getByRole("listitem").filter({ hasText: "node-2" });
    await row.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await row.getByText("revoked", { exact: true }).waitFor();
    assert.equal(at.hub.changes.at(-1)?.path, "nodes/id-node-2/revoke");
    assert.deepEqual(page.complaints, []);
  });

  test("a viewer can neither add nor revoke a node", async () => {
    at.hub.role = "viewer";
    const page = await at.open("/nodes");
    await page.getByText("node-1").waitFor();
    for (const name of ["Add a node", "Revoke"])
      assert.equal(await page.getByRole("button", { name }).first().isDisabled(), true);
  });

  test("changes are listed a page at a time, refused ones with their status", async () => {
    const page = await at.open("/changes");
    await page.getByText("refused (401)").first().waitFor();
    assert.equal(await page.locator(".change").count(), 50);
    await page.getByRole("button", { name: "Older" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".change").length === 90);
    assert.equal(await page.getByRole("button", { name: "Older" }).count(), 0);
  });

  test("a full disk of the hub is said on every page", async () => {
    at.hub.status = { writable: false };
    const page = await at.open("/alerts");
    await page.getByRole("alert").getByText("The hub's disk is full.").waitFor();
  });

  test("a notification is saved and tested, and a test that fails says why", async () => {
    const page = await at.open("/settings");
    await page.getByLabel("Address (https://…)").fill("ftp://x");
    await page.getByText("Enter an address that begins with").waitFor();
    await page.getByLabel("Address (https://…)").fill("http://127.0.0.1:9/hook");
    await page.getByRole("switch", { name: "Send alerts" }).click();
    await page.getByLabel("Shape").selectOption("slack");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    assert.deepEqual(at.hub.changes.at(-1)?.body, {
      enabled: true,
      url: "http://127.0.0.1:9/hook",
      shape: "slack",
      min_severity: "medium",
      stdout: false,
      file: null,
    });
    await page.getByRole("button", { name: "Send a test", exact: true }).click();
    await page.getByText("connect ECONNREFUSED 127.0.0.1:9").waitFor();
  });

  test("a notification that somebody else changed meanwhile is not saved over, and what was typed stays", async () => {
    const page = await at.open("/settings");
    const address = page.getByLabel("Address (https://…)");
    await address.fill("https://mine.example.org/hook");
    at.hub.notification = { ...at.hub.notification, url: "https://theirs.example.org/hook" };
    await page.getByRole("button", { name: "Save" }).click();
    const told = page.getByRole("alert").filter({ hasText: "Somebody else changed this" });
    await told.waitFor();
    assert.equal(at.hub.notification.url, "https://theirs.example.org/hook");
    assert.equal(await address.inputValue(), "https://mine.example.org/hook");
    await told.getByRole("button", { name: "Load it anew" }).click();
    await page.waitForFunction(() =>
      document.querySelector<HTMLInputElement>("input[type=url]")?.value.includes("theirs"),
    );
    assert.equal(await told.count(), 0);
    await address.fill("https://both.example.org/hook");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    assert.equal(at.hub.notification.url, "https://both.example.org/hook");
  });

  test("a notification that came anew after a lost stream is not saved over by what was typed before", async () => {
    const page = await at.open("/settings");
    const address = page.getByLabel("Address (https://…)");
    await address.fill("https://mine.example.org/hook");
    at.hub.notification = { ...at.hub.notification, url: "https://theirs.example.org/hook" };
    await refetched(page, "notification", () => at.hub.dropStreams());
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").filter({ hasText: "Somebody else changed this" }).waitFor();
    assert.equal(at.hub.notification.url, "https://theirs.example.org/hook");
    assert.equal(await address.inputValue(), "https://mine.example.org/hook");
  });

  test("what was read before a save and comes after it does not take the place of what was saved", async () => {
    const page = await at.open("/settings");
    const address = page.getByLabel("Address (https://…)");
    await address.fill("https://mine.example.org/hook");
    const held = Promise.withResolvers<void>();
    const read = Promise.withResolvers<void>();
    await page.route("**/api/v1/notification", async (route) => {
      if (route.request().method() !== "GET") return route.continue();
      const response = await route.fetch();
      read.resolve();
      await held.promise;
      return route.fulfill({ response });
    });
    await refetched(page, "notification", async () => {
      at.hub.dropStreams();
      await read.promise;
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved.").waitFor();
      held.resolve();
    });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    assert.equal(await address.inputValue(), "https://mine.example.org/hook");
  });

  test("an alert that is not there says so", async () => {
    const page = await at.open("/alerts/nothing");
    await page.getByRole("heading", { name: "There is no such alert" }).waitFor();
  });
});
