import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Page } from "playwright-core";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert } from "./canned.ts";
import { PageInBrowser } from "./page-in-browser.ts";

const rows = (page: Page) => page.locator("[data-alert]");

describe("the list of alerts in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("an alert that is raised appears at the top without reload, and a repeat counts up where it stands", async () => {
    at.hub.alerts = [makeAlert(1)];
    const page = await at.open();
    await page.locator('[data-stream="live"]').waitFor();
    await rows(page).first().waitFor();
    at.hub.raise(makeAlert(0, { count: 1 }));
    await rows(page).nth(1).waitFor();
    assert.equal(await rows(page).first().getAttribute("data-alert"), "alert-0000");
    at.hub.raise(makeAlert(0, { count: 7 }));
    await rows(page).first().getByText("×7").waitFor();
    assert.equal(await rows(page).count(), 2);
    assert.deepEqual(page.complaints, []);
  });

  test("what one reads does not move: a new alert waits until it is asked for", async () => {
    at.hub.alerts = Array.from({ length: 60 }, (_, n) => makeAlert(n + 1));
    const page = await at.open();
    await page.locator('[data-stream="live"]').waitFor();
    await rows(page).first().waitFor();
    await page.keyboard.press("j");
    const before = await page.locator('[data-alert="alert-0001"]').boundingBox();
    at.hub.raise(makeAlert(0));
    await page.getByRole("button", { name: "Show 1 new alert" }).waitFor();
    assert.deepEqual(await page.locator('[data-alert="alert-0001"]').boundingBox(), before);
    await page.keyboard.press("n");
    await page.locator('[data-alert="alert-0000"]').waitFor();
    assert.equal(await rows(page).first().getAttribute("data-alert"), "alert-0000");
  });

  test("filters stand in the address and survive a reload; a chip takes one away", async () => {
    at.hub.alerts = Array.from({ length: 20 }, (_, n) => makeAlert(n));
    const page = await at.open();
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
    await page.waitForURL(`${at.address}/alerts`);
  });

  test("a filter that has no chip is added by the form", async () => {
    at.hub.alerts = Array.from({ length: 20 }, (_, n) => makeAlert(n));
    const page = await at.open();
    await page.getByRole("button", { name: "Filter", exact: true }).click();
    await page.getByRole("combobox").selectOption("technique");
    await page.getByRole("textbox", { name: "Value" }).fill("T1496.001");
    await page.getByRole("button", { name: "Apply" }).click();
    await page.waitForURL(/technique=T1496.001/);
    await page.getByText("Digital currency mining behaviour detected").first().waitFor();
    assert.equal(await rows(page).count(), 4);
  });

  test("an attacker's text is drawn as text, with what hides in it made visible", async () => {
    at.hub.alerts = [makeAlert(4)];
    const page = await at.open();
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

  test("the list is worked through by keyboard: move, select, resolve, undo, open, next", async () => {
    at.hub.alerts = Array.from({ length: 12 }, (_, n) => makeAlert(n));
    const page = await at.open();
    await rows(page).first().waitFor();
    for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
    await page.getByRole("toolbar", { name: "2 selected" }).waitFor();
    await page.keyboard.press("r");
    await page.getByText("2 alerts resolved").waitFor();
    await page.locator('[data-alert="alert-0000"]').waitFor({ state: "detached" });
    assert.equal(at.hub.alerts.filter(({ status }) => status === "resolved").length, 2);
    assert.equal(await page.locator(".row.current").getAttribute("data-alert"), "alert-0002");
    await page.getByRole("button", { name: "Undo" }).click();
    await page.locator('[data-alert="alert-0000"]').waitFor();
    assert.equal(at.hub.alerts.filter(({ status }) => status === "resolved").length, 0);
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

  test("what was already acknowledged is put back as acknowledged when a bulk resolve is undone", async () => {
    at.hub.alerts = [makeAlert(0), makeAlert(1, { status: "acknowledged" }), makeAlert(2)];
    const page = await at.open();
    await rows(page).first().waitFor();
    await page.keyboard.press("*");
    await page.getByRole("button", { name: "Resolve", exact: true }).click();
    await page.getByText("3 alerts resolved").waitFor();
    await page.getByRole("heading", { name: "Nothing is open" }).waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await rows(page).nth(2).waitFor();
    assert.deepEqual(
      at.hub.alerts.map(({ status }) => status),
      ["new", "acknowledged", "new"],
    );
  });

  test("a bar of the histogram leads to the alerts of its minute, by mouse and by keyboard", async () => {
    at.hub.alerts = [makeAlert(0), makeAlert(9), makeAlert(13)];
    const page = await at.open();
    const bars = page.locator(".spark button");
    await bars.nth(2).waitFor();
    await bars.last().focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await page.waitForURL(/since_us=\d+&until_us=\d+/);
    await page.locator('[data-alert="alert-0000"]').waitFor({ state: "detached" });
    assert.equal(await rows(page).count(), 1);
    assert.equal(await rows(page).first().getAttribute("data-alert"), "alert-0009");
  });

  test("ten thousand alerts are a page at a time, and only the rows in view exist", async () => {
    at.hub.alerts = Array.from({ length: 450 }, (_, n) => makeAlert(n));
    const page = await at.open();
    await rows(page).first().waitFor();
    assert.ok((await rows(page).count()) < 50);
    await page.keyboard.press("End");
    await page.getByRole("button", { name: "Load more" }).click();
    await page.locator('[aria-setsize="200"]').first().waitFor();
  });

  test("an empty hub says how to see an alert, and its test button raises one", async () => {
    const page = await at.open();
    await page.getByRole("heading", { name: "No alerts yet" }).waitFor();
    await page.getByText("npx atalaya simulate --local all").waitFor();
    await page.getByRole("button", { name: "Send a test alert" }).click();
    await rows(page).first().waitFor();
  });

  test("filters that match nothing say so and can be cleared", async () => {
    at.hub.alerts = [makeAlert(0)];
    const page = await at.open("/alerts?q=nothing-like-it");
    await page.getByRole("heading", { name: "No alert matches these filters" }).waitFor();
    await page.getByRole("button", { name: "Clear all" }).first().click();
    await rows(page).first().waitFor();
  });

  test("what cannot be loaded says why and is loaded by a retry", async () => {
    at.hub.alerts = [makeAlert(0)];
    at.hub.failing = ["alerts"];
    const page = await at.open();
    await page.getByRole("alert").getByText("The hub's database does not answer.").waitFor();
    at.hub.failing = [];
    await page.getByRole("button", { name: "Try again" }).click();
    await rows(page).first().waitFor();
  });

  test("a broken stream is said in a banner; when it is back, what was missed is there", async () => {
    at.hub.alerts = [makeAlert(1)];
    const page = await at.open();
    await page.locator('[data-stream="live"]').waitFor();
    at.hub.failing = ["stream"];
    at.hub.dropStreams();
    await page.getByText("The connection to the hub was lost").waitFor();
    at.hub.alerts = [makeAlert(0), ...at.hub.alerts];
    at.hub.failing = [];
    await page.locator('[data-stream="live"]').waitFor();
    await page.locator('[data-alert="alert-0000"]').waitFor();
    assert.equal(await page.getByText("The connection to the hub was lost").count(), 0);
  });
});
