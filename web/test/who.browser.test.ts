import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Alert, DoneBy } from "@atalaya/wire/api";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert } from "./canned.ts";
import { makeDoneBy, makeSession } from "./canned-sessions.ts";
import { PageInBrowser } from "./page-in-browser.ts";

/** Alert 0, whose tree comes from a session from its second row on. */
function alertBy(...doneBy: [DoneBy, ...DoneBy[]]): Alert {
  const alert = makeAlert(0);
  const [{ how, certainty, sessions }] = doneBy;
  return {
    ...alert,
    by: { how, certainty, users: sessions.map(({ user }) => user) },
    done_by: doneBy,
    evidence: alert.evidence.map((one) => ({ ...one, done_by: doneBy })),
    process_tree: alert.process_tree.map((row) => (row.depth < 2 ? row : { ...row, done_by: doneBy[0] })),
  };
}

const twins = makeDoneBy({
  certainty: "ambiguous",
  confidence: "low",
  reason: "several_sessions",
  sessions: [makeSession(), makeSession({ user: "eva\u202enimda", audit_id: "77", source_ips: ["203.0.113.5"] })],
});

describe("who did it, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("the alert, its evidence, its row and its tree name the person, groups, address and client", async () => {
    at.hub.alerts = [alertBy(makeDoneBy())];
    const page = await at.open("/alerts");
    await page.locator("[data-alert]").getByText("by ana").waitFor();
    await page.locator("[data-alert]").first().click();
    const part = (name: string) => page.getByRole("region", { name, exact: true });
    const who = part("Who did it");
    for (const said of ["known", "high confidence", "developers, system:authenticated", "198.51.100.7", "bash"]) {
      await who.getByText(said, { exact: true }).waitFor();
    }
    await who.getByText("Nothing else fits, and everything of that time has arrived.").waitFor();
    const line = part("Process tree").locator(".by-line");
    assert.equal(await line.count(), 1, "once, where the session begins");
    const words = (await line.textContent()) ?? "";
    assert.match(words, /started by ana · developers.*198\.51\.100\.7 · kubectl\/v1\.34\.4.*high confidence/);
    await part("Evidence").getByText("by ana").first().waitFor();
    assert.deepEqual(page.complaints, []);
  });

  test("who is ambiguous is told with everybody it may be, and nobody's name can hide another", async () => {
    at.hub.alerts = [alertBy(twins)];
    const page = await at.open("/alerts/alert-0000");
    const who = page.getByRole("region", { name: "Who did it", exact: true });
    await who.getByText("One of 2 sessions, or one nobody knows of:").waitFor();
    assert.equal(await who.locator("dl").count(), 2);
    await who.getByText("203.0.113.5").waitFor();
    const line = page.getByRole("region", { name: "Process tree" }).locator(".by-line");
    assert.match((await line.textContent()) ?? "", /perhaps ana or eva.+ambiguous$/);
    assert.ok(!((await line.textContent()) ?? "").includes("\u202e"));
  });

  test("who was attached is never said to have started it", async () => {
    const attached = makeDoneBy({ how: "attached", confidence: "medium", reason: "present" });
    at.hub.alerts = [alertBy(attached)];
    const page = await at.open("/alerts/alert-0000");
    const who = page.getByRole("region", { name: "Who did it", exact: true });
    await who.getByText("the session started nothing").waitFor();
    assert.equal(await page.getByText("started by").count(), 0);
  });

  test("where no session is known the page says so, amends itself, and speaks Spanish", async () => {
    at.hub.alerts = [makeAlert(0)];
    const page = await at.open("/alerts/alert-0000", { locale: "es-ES" });
    const who = page.getByRole("region", { name: "Quién lo hizo", exact: true });
    await who.getByText("No se conoce ninguna sesión en este pod").waitFor();
    at.hub.raise(alertBy(makeDoneBy()));
    await who.getByText("Nada más encaja").waitFor();
    await page.getByText("iniciado por ana").waitFor();
  });

  for (const path of ["/alerts", "/alerts/alert-0000"]) {
    test(`${path} with two people fits into 400 px without scrolling sideways`, async () => {
      at.hub.alerts = [alertBy(twins)];
      const page = await at.open(path, { width: 400, height: 800 });
      await page.getByText("ana").first().waitFor();
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(beyond <= 0, `${beyond} px too wide`);
    });
  }
});
