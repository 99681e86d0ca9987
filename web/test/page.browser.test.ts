import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert, makeSensors } from "./canned.ts";
import { openWindow, signIn, startChromium, type View } from "./chromium.ts";
import { ContractServer } from "./contract-server.ts";

describe("the page in a browser", { skip: skipUnless("browser") }, () => {
  let browser: Browser;
  let hub: ContractServer;
  let address: string;
  let contexts: BrowserContext[] = [];

  before(async () => {
    const index = fileURLToPath(new URL("../../build/web/index.html", import.meta.url));
    assert.ok(existsSync(index), "the page is not built: run `npm run build` first");
    browser = await startChromium();
  });
  after(() => browser.close());
  beforeEach(async () => {
    hub = new ContractServer();
    address = await hub.start();
  });
  afterEach(async () => {
    for (const context of contexts) await context.close();
    contexts = [];
    await hub.stop();
  });

  /** A window, signed in, at `path`; the page must not have complained when the test ends. */
  async function open(path = "/alerts", view: View = {}): Promise<Page & { complaints: string[] }> {
    const { page, context, complaints } = await openWindow(browser, view);
    contexts.push(context);
    await signIn(page, `${address}${path}`);
    await page.locator("nav").waitFor();
    return Object.assign(page, { complaints });
  }
  const rows = (page: Page) => page.locator("[data-alert]");
  const title = "Possible web shell activity detected";

  test("a wrong password is refused in words, the right one leads to where the address pointed", async () => {
    hub.alerts = [makeAlert(0)];
    const { page, context } = await openWindow(browser);
    contexts.push(context);
    await signIn(page, `${address}/alerts/alert-0000?severity=high`, "wrong");
    await page.getByRole("alert").getByText("User name or password is wrong.").waitFor();
    assert.equal(await page.locator('input[name="password"]').inputValue(), "");
    await page.locator('input[name="password"]').fill("correct horse");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: title }).waitFor();
    assert.equal(page.url(), `${address}/alerts/alert-0000?severity=high`);
  });

  test("the login leads to no other host", async () => {
    const { page, context } = await openWindow(browser);
    contexts.push(context);
    await signIn(page, `${address}/login?to=${encodeURIComponent("//evil.example/x")}`);
    await page.waitForURL(`${address}/alerts`);
  });

  test("an alert that is raised appears at the top without reload, and a repeat counts up where it stands", async () => {
    hub.alerts = [makeAlert(1)];
    const page = await open();
    await page.locator('[data-stream="live"]').waitFor();
    await rows(page).first().waitFor();
    hub.raise(makeAlert(0, { count: 1 }));
    await rows(page).nth(1).waitFor();
    assert.equal(await rows(page).first().getAttribute("data-alert"), "alert-0000");
    hub.raise(makeAlert(0, { count: 7 }));
    await rows(page).first().getByText("×7").waitFor();
    assert.equal(await rows(page).count(), 2);
    assert.deepEqual(page.complaints, []);
  });

  test("what one reads does not move: a new alert waits until it is asked for", async () => {
    hub.alerts = Array.from({ length: 60 }, (_, n) => makeAlert(n + 1));
    const page = await open();
    await page.locator('[data-stream="live"]').waitFor();
    await rows(page).first().waitFor();
    await page.keyboard.press("j");
    const before = await page.locator('[data-alert="alert-0001"]').boundingBox();
    hub.raise(makeAlert(0));
    await page.getByRole("button", { name: "Show 1 new alert" }).waitFor();
    assert.deepEqual(await page.locator('[data-alert="alert-0001"]').boundingBox(), before);
    await page.keyboard.press("n");
    await page.locator('[data-alert="alert-0000"]').waitFor();
    assert.equal(await rows(page).first().getAttribute("data-alert"), "alert-0000");
  });

  test("filters stand in the address and survive a reload; a chip takes one away", async () => {
    hub.alerts = Array.from({ length: 20 }, (_, n) => makeAlert(n));
    const page = await open();
    await page.getByRole("button", { name: /^High/ }).click();
    await page.waitForURL(/severity=high/);
    await page.keyboard.press("/");
    await page.keyboard.type("namespace:web shell");
    await page.keyboard.press("Enter");
    await page.waitForURL(/namespace=web/);
    await page.reload();
    await rows(page).first().waitFor();
    assert.equal(await rows(page).count(), 4);
    assert.equal(await page.getByRole("button", { name: /^High/ }).getAttribute("aria-pressed"), "true");
    assert.equal(await page.getByLabel("Search alerts").inputValue(), "shell");
    await page.getByRole("button", { name: "Remove the filter namespace: web" }).click();
    await page.waitForURL((url) => !url.search.includes("namespace"));
    await page.getByRole("button", { name: "Clear all" }).click();
    await page.waitForURL(`${address}/alerts`);
  });

  test("a filter that has no chip is added by the form", async () => {
    hub.alerts = Array.from({ length: 20 }, (_, n) => makeAlert(n));
    const page = await open();
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("combobox").selectOption("technique");
    await page.getByRole("textbox", { name: "Value" }).fill("T1496.001");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL(/technique=T1496.001/);
    await page.getByText("Digital currency mining behaviour detected").first().waitFor();
    assert.equal(await rows(page).count(), 4);
  });

  test("an alert's page tells what, why, where, who, the process tree and what to do", async () => {
    hub.alerts = [makeAlert(0), makeAlert(1)];
    const page = await open("/alerts/alert-0000");
    await page.getByRole("heading", { name: title }).waitFor();
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
    hub.alerts = [makeAlert(1)];
    const page = await open("/alerts/alert-0001");
    await page.getByRole("region", { name: "Where" }).getByText("the bundle has no annotations").waitFor();
  });

  test("an attacker's text is drawn as text, with what hides in it made visible", async () => {
    hub.alerts = [makeAlert(4)];
    const page = await open();
    const sentence = rows(page).first().locator(".row-sentence");
    await sentence.waitFor();
    assert.match(
      (await sentence.textContent()) ?? "",
      /⟨U\+202E⟩gpj\.exe⟨U\+202C⟩.*\\n<img src=x onerror=alert\(1\)>⟨U\+0007⟩/,
    );
    assert.equal(await page.locator("img").count(), 0);
    assert.equal(await sentence.locator(".hidden-character").first().getAttribute("title"), "U+202E");
    assert.deepEqual(page.complaints, []);
  });

  test("an alert is acknowledged with a comment, by keyboard, and the change carries the header", async () => {
    hub.alerts = [makeAlert(0)];
    const page = await open("/alerts/alert-0000");
    await page.getByRole("heading", { name: title }).waitFor();
    await page.keyboard.press("a");
    await page
      .getByRole("dialog")
      .getByLabel(/Comment/)
      .fill("It is the pen test of team blue.");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    const history = page.getByRole("region", { name: "Comments and history" });
    await history.getByText("It is the pen test of team blue.").waitFor();
    assert.deepEqual(hub.changes.at(-1), {
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

  test("the list is worked through by keyboard: move, select, resolve, undo, open, next", async () => {
    hub.alerts = Array.from({ length: 12 }, (_, n) => makeAlert(n));
    const page = await open();
    await rows(page).first().waitFor();
    for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
    await page.getByRole("toolbar", { name: "2 selected" }).waitFor();
    await page.keyboard.press("r");
    await page.getByText("2 alerts resolved").waitFor();
    await page.locator('[data-alert="alert-0000"]').waitFor({ state: "detached" });
    assert.equal(hub.alerts.filter(({ status }) => status === "resolved").length, 2);
    assert.equal(await page.locator(".row.current").getAttribute("data-alert"), "alert-0002");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.locator('[data-alert="alert-0000"]').waitFor();
    assert.equal(hub.alerts.filter(({ status }) => status === "resolved").length, 0);
    await page.keyboard.press("Enter");
    await page.waitForURL(/alerts\/alert-0002/);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.keyboard.press("j");
    await page.waitForURL(/alerts\/alert-0003/);
    await page.keyboard.press("Escape");
    await page.waitForURL(/alerts$/);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  });

  test("ten thousand alerts are a page at a time, and only the rows in view exist", async () => {
    hub.alerts = Array.from({ length: 450 }, (_, n) => makeAlert(n));
    const page = await open();
    await rows(page).first().waitFor();
    assert.ok((await rows(page).count()) < 50);
    await page.keyboard.press("End");
    await page.getByRole("button", { name: "Load more" }).click();
    await page.locator('[aria-setsize="200"]').first().waitFor();
  });

  test("the language is the browser's, can be switched, and is remembered", async () => {
    hub.alerts = [makeAlert(0)];
    const page = await open("/alerts", { locale: "es-ES" });
    await page.getByText("Posible actividad de shell web detectada").waitFor();
    await page.getByRole("link", { name: "Ajustes" }).click();
    await page.getByText("English").click();
    await page.getByRole("link", { name: "Alerts" }).first().click();
    await page.getByText(title).waitFor();
    await page.reload();
    await page.getByText(title).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
  });

  test("dark follows the system and can be switched; the choice is remembered", async () => {
    const page = await open("/settings", { dark: true });
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
    "/settings",
  ]) {
    test(`${path} fits into 400 px without scrolling sideways`, async () => {
      hub.alerts = Array.from({ length: 20 }, (_, n) => makeAlert(n));
      const page = await open(path, { width: 400, height: 800 });
      await page.locator(".card, [data-alert], .rule").first().waitFor();
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(beyond <= 0, `${beyond} px too wide`);
    });
  }

  test("an empty hub says how to see an alert, and its test button raises one", async () => {
    const page = await open();
    await page.getByRole("heading", { name: "No alerts yet" }).waitFor();
    await page.getByText("npx atalaya simulate --local all").waitFor();
    await page.getByRole("button", { name: "Send a test alert" }).click();
    await rows(page).first().waitFor();
  });

  test("filters that match nothing say so and can be cleared", async () => {
    hub.alerts = [makeAlert(0)];
    const page = await open("/alerts?q=nothing-like-it");
    await page.getByRole("heading", { name: "No alert matches these filters" }).waitFor();
    await page.getByRole("button", { name: "Clear all" }).first().click();
    await rows(page).first().waitFor();
  });

  test("what cannot be loaded says why and is loaded by a retry", async () => {
    hub.alerts = [makeAlert(0)];
    hub.failing = ["alerts"];
    const page = await open();
    await page.getByRole("alert").getByText("The hub's database does not answer.").waitFor();
    hub.failing = [];
    await page.getByRole("button", { name: "Try again" }).click();
    await rows(page).first().waitFor();
  });

  test("a broken stream is said in a banner; when it is back, what was missed is there", async () => {
    hub.alerts = [makeAlert(1)];
    const page = await open();
    await page.locator('[data-stream="live"]').waitFor();
    hub.failing = ["stream"];
    hub.dropStreams();
    await page.getByText("The connection to the hub was lost").waitFor();
    hub.alerts = [makeAlert(0), ...hub.alerts];
    hub.failing = [];
    await page.locator('[data-stream="live"]').waitFor();
    await page.locator('[data-alert="alert-0000"]').waitFor();
    assert.equal(await page.getByText("The connection to the hub was lost").count(), 0);
  });

  test("a session that ended leads to the login, says so, and back to the same place", async () => {
    hub.alerts = [makeAlert(0)];
    const page = await open("/alerts?severity=high");
    await rows(page).first().click();
    await page.getByRole("heading", { name: title }).waitFor();
    hub.endSessions();
    hub.dropStreams();
    await page.getByText("Your session has ended.").waitFor();
    await page.locator('input[name="password"]').fill("correct horse");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: title }).waitFor();
    assert.equal(page.url(), `${address}/alerts/alert-0000?severity=high`);
  });

  test("a rule is switched off after a question and on without one; a viewer can do neither", async () => {
    const page = await open("/rules?q=mining");
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
    hub.role = "viewer";
    await page.reload();
    await toggle.waitFor();
    assert.equal(await toggle.isDisabled(), true);
  });

  test("sensors show what was lost, what did not load and why, and change live", async () => {
    const page = await open("/sensors");
    const card = page.getByRole("region", { name: "node-2" });
    await card.getByText("1,834").waitFor();
    await card.getByText("the kernel refused it: this cgroup hierarchy has no IPv6").waitFor();
    await page.locator('[data-stream="live"]').waitFor();
    const [first] = makeSensors();
    hub.report({ ...first, events_per_second: 98_765 });
    await page.getByRole("region", { name: "node-1" }).getByText("98,765").waitFor();
  });

  test("a notification is saved and tested, and a test that fails says why", async () => {
    const page = await open("/settings");
    await page.getByLabel("Address (https://…)").fill("ftp://x");
    await page.getByText("Enter an address that begins with").waitFor();
    await page.getByLabel("Address (https://…)").fill("http://127.0.0.1:9/hook");
    await page.getByRole("switch", { name: "Send alerts" }).click();
    await page.getByLabel("Shape").selectOption("slack");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    assert.deepEqual(hub.changes.at(-1)?.body, {
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

  test("an alert that is not there says so", async () => {
    const page = await open("/alerts/nothing");
    await page.getByRole("heading", { name: "There is no such alert" }).waitFor();
  });
});
