import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Debian's Chromium, quiet and without a way out. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export type View = { width?: number; height?: number; dark?: boolean; locale?: string };

/** A fresh window: nothing remembered. What the page logs as an error or violates of its policy is collected. */
export async function openWindow(
  browser: Browser,
  { width = 1400, height = 900, dark = false, locale = "en-GB" }: View = {},
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    locale,
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // An answer of 401, 404 or 503 that a test provokes is logged by the browser itself.
    if (message.type() === "error" && !/Failed to load resource|ERR_/.test(message.text()))
      complaints.push(message.text());
  });
  return { context, page, complaints };
}

export async function signIn(page: Page, address: string, password = "correct horse"): Promise<void> {
  await page.goto(address);
  await page.getByLabel(/^(User name|Usuario)$/).fill("admin");
  await page.locator('input[name="password"]').fill(password);
  await page.getByRole("button", { name: /^(Sign in|Entrar)$/ }).click();
}
