import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { PageInBrowser } from "./page-in-browser.ts";

describe("leaving a form with what is not saved, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();
  const places = [
    ["/recorder", "Pods", "Espacios de nombres", "mine-*"],
    ["/drift", "Pods", "Espacios de nombres", "mine-*"],
    ["/settings", "Address (https://…)", "Dirección (https://…)", "https://mine.example.org/hook"],
  ] as const;

  for (const [path, field, campo, typed] of places) {
    const opened = async (view = {}) => {
      at.hub.recorderPolicy = { scopes: [{ name: "shop" }] };
      at.hub.driftPolicy = { rules: [{ name: "shop", action: "alert" }] };
      const page = await at.open(path, view);
      const input = page.getByRole("textbox", { name: "locale" in view ? campo : field }).first();
      await input.waitFor();
      return { page, input, pathNow: () => new URL(page.url()).pathname };
    };

    test(`at ${path} who typed is asked, stays with the text by one key, and leaves by another`, async () => {
      const { page, input, pathNow } = await opened();
      const asked = page.getByRole("dialog", { name: "Leave without saving?" });
      const away = page.getByRole("navigation").getByRole("link", { name: "Rules" });
      await input.fill(typed);
      await away.press("Enter");
      await asked.waitFor();
      await page.waitForFunction(() => document.activeElement?.textContent === "Stay");
      await page.keyboard.press("Enter");
      await asked.waitFor({ state: "detached" });
      assert.deepEqual([pathNow(), await input.inputValue()], [path, typed]);
      await away.press("Enter");
      await asked.waitFor();
      await page.keyboard.press("Escape");
      await asked.waitFor({ state: "detached" });
      assert.deepEqual([pathNow(), await input.inputValue()], [path, typed]);
      await away.press("Enter");
      await page.waitForFunction(() => document.activeElement?.textContent === "Stay");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/rules");
      assert.deepEqual(page.complaints, []);
    });

    test(`at ${path} it is asked in Spanish, and by the browser before the tab is closed`, async () => {
      const { page, input, pathNow } = await opened({ locale: "es-ES" });
      await input.fill(typed);
      await page.getByRole("navigation").getByRole("link", { name: "Reglas" }).click();
      const asked = page.getByRole("dialog", { name: "¿Salir sin guardar?" });
      await asked.getByRole("button", { name: "Quedarse" }).click();
      const dialog = page.waitForEvent("dialog");
      await page.close({ runBeforeUnload: true });
      const told = await dialog;
      assert.equal(told.type(), "beforeunload");
      await told.dismiss();
      assert.deepEqual([pathNow(), await input.inputValue()], [path, typed]);
    });

    test(`at ${path} who typed nothing, or took it back, is asked nothing`, async () => {
      const { page, input, pathNow } = await opened();
      const before = await input.inputValue();
      await input.fill(typed);
      await input.fill(before);
      await page.getByRole("navigation").getByRole("link", { name: "Rules" }).click();
      await page.waitForURL("**/rules");
      assert.equal(pathNow(), "/rules");
    });
  }
});
