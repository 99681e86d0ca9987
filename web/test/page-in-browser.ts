import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, afterEach, before, beforeEach } from "node:test";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { openWindow, signIn, startChromium, type View } from "./chromium.ts";
import { ContractServer } from "./contract-server.ts";

/** The built page before a contract server of its own for each test, in one Chromium for the whole `describe`. */
export class PageInBrowser {
  hub = new ContractServer();
  address = "";
  #browser: Browser | undefined;
  #contexts: BrowserContext[] = [];

  constructor() {
    before(async () => {
      const index = fileURLToPath(new URL("../../build/web/index.html", import.meta.url));
      assert.ok(existsSync(index), "the page is not built: run `npm run build` first");
      this.#browser = await startChromium();
    });
    after(() => this.#browser?.close());
    beforeEach(async () => {
      this.hub = new ContractServer();
      this.address = await this.hub.start();
    });
    afterEach(async () => {
      for (const context of this.#contexts.splice(0)) await context.close();
      await this.hub.stop();
    });
  }

  /** A fresh window on nothing yet. `complaints` collects errors and violations of the page's policy. */
  async window(view: View = {}): Promise<Page & { complaints: string[] }> {
    assert.ok(this.#browser, "Chromium did not start");
    const { page, context, complaints } = await openWindow(this.#browser, view);
    this.#contexts.push(context);
    return Object.assign(page, { complaints });
  }

  /** A window, signed in, at `path`. */
  async open(path = "/alerts", view: View = {}): Promise<Page & { complaints: string[] }> {
    const page = await this.window(view);
    await signIn(page, `${this.address}${path}`);
    await page.locator("nav").waitFor();
    return page;
  }
}

/** Does that, and waits until the page has read the setting again. */
export async function refetched(page: Page, setting: string, cause: () => void | Promise<void>): Promise<void> {
  const answered = page.waitForResponse(
    (answer) => answer.url().endsWith(`/api/v1/${setting}`) && answer.request().method() === "GET",
  );
  await cause();
  await (await answered).finished();
}

export const webShellTitle = "Possible web shell activity detected";
