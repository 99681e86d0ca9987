import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Alert, DriftPolicy } from "@atalaya/wire/api";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert, makeRules } from "./canned.ts";
import { signIn } from "./chromium.ts";
import { PageInBrowser, refetched } from "./page-in-browser.ts";

const policy: DriftPolicy = {
  rules: [
    { name: "builds", namespaces: ["build-*"], allow: ["/workspace/*"], action: "alert" },
    { name: "shop", clusters: ["shop-*"], namespaces: ["shop"], action: "block" },
  ],
};

/** An alert of a rule with the tag drift. */
function driftAlert(id: string, namespace: string, verdict: "ran" | "blocked" | "would_block"): Alert {
  const alert = makeAlert(0, { alert_id: id });
  const [rule] = makeRules().filter((one) => one.tags.includes("drift"));
  assert.ok(rule, "no canned rule has the tag drift");
  const evidence = alert.evidence.map((one) => ({
    ...one,
    output_fields: { ...one.output_fields, "proc.exepath": "/tmp/tool", "proc.exec_verdict": verdict },
  }));
  const summary = { en: `/tmp/tool was started in ${namespace}`, es: `/tmp/tool se inició en ${namespace}` };
  return { ...alert, rule: rule.rule, summary, evidence, where: { ...alert.where, cluster: "shop-eu", namespace } };
}

describe("the drift policy, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("a rule is changed, tried on the alerts that came, and put in force after that alone", async () => {
    at.hub.driftPolicy = policy;
    at.hub.alerts = [driftAlert("a-1", "shop", "ran"), driftAlert("a-2", "tools", "ran")];
    const page = await at.open("/drift");
    const put = page.getByRole("button", { name: "Put in force" });
    assert.equal(await put.isDisabled(), true, "nothing was changed");
    await page.getByText("This is in force.").waitFor();
    const shop = page.getByRole("listitem", { name: "Rule 2: shop" });
    await shop.getByLabel("Namespaces").fill("shop\ntools");
    await page.getByText("Try it first").waitFor();
    assert.equal(await put.isDisabled(), true, "it was not tried");
    await page.getByRole("button", { name: "Try it" }).click();
    const tried = page.getByRole("region", { name: "What it would have done" });
    await tried.getByText("Of 2 alerts: 0 would not have been told, 2 would have been blocked.").waitFor();
    await tried.getByRole("link", { name: "/tmp/tool was started in tools" }).waitFor();
    assert.equal(await tried.getByText("by rule shop").count(), 2);
    assert.deepEqual(
      at.hub.changes.filter(({ path }) => path === "drift-policy"),
      [],
      "a dry run changes nothing",
    );
    await shop.getByRole("button", { name: /^Move up/ }).click();
    assert.equal(await put.isDisabled(), true, "what was tried is another policy");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText("It is not in force yet.").waitFor();
    await put.click();
    await page.getByText("In force: 2 rules.").waitFor();
    const [saved] = at.hub.changes.filter(({ path }) => path === "drift-policy");
    const wanted = { rules: [{ ...policy.rules[1], namespaces: ["shop", "tools"] }, policy.rules[0]] };
    assert.deepEqual([saved?.body, saved?.csrf], [wanted, "1"]);
    assert.deepEqual(page.complaints, []);
  });

  test("who saves over another's change is told so, loads it anew, and loses nobody's", async () => {
    at.hub.driftPolicy = policy;
    const page = await at.open("/drift");
    const builds = page.getByRole("listitem", { name: "Rule 1: builds" });
    await builds.getByLabel("Namespaces").fill("build-*\nci");
    const theirs: DriftPolicy = { rules: [{ name: "theirs", action: "alert" }] };
    at.hub.driftPolicy = theirs;
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByRole("button", { name: "Put in force" }).click();
    const told = page.getByRole("alert").filter({ hasText: "Somebody else changed the policy" });
    await told.waitFor();
    assert.deepEqual(at.hub.driftPolicy, theirs);
    assert.equal(await builds.getByLabel("Namespaces").inputValue(), "build-*\nci", "what was typed stays until then");
    await told.getByRole("button", { name: "Load it anew" }).click();
    const rule = page.getByRole("listitem", { name: "Rule 1: theirs" });
    await rule.getByLabel("Namespaces").fill("ci");
    assert.equal(await told.count(), 0);
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText("In force: 1 rule.").waitFor();
    assert.deepEqual(at.hub.driftPolicy.rules[0]?.namespaces, ["ci"]);
  });

  test("of two who edit, the second is refused, also after the page fetched the first one's policy", async () => {
    at.hub.driftPolicy = policy;
    const first = await at.open("/drift");
    const second = await at.open("/drift");
    const namespacesIn = (page: typeof first) => page.getByLabel("Namespaces").first();
    await namespacesIn(second).fill("build-*\nmine");
    await namespacesIn(first).fill("build-*\ntheirs");
    await first.getByRole("button", { name: "Try it" }).click();
    await first.getByRole("button", { name: "Put in force" }).click();
    await first.getByText("In force: 2 rules.").waitFor();
    await refetched(second, "drift-policy", () => at.hub.dropStreams());
    assert.equal(await namespacesIn(second).inputValue(), "build-*\nmine");
    await second.getByRole("button", { name: "Try it" }).click();
    await second.getByRole("button", { name: "Put in force" }).click();
    await second.getByRole("alert").filter({ hasText: "Load it anew, and make your change in it" }).waitFor();
    assert.deepEqual(at.hub.driftPolicy.rules[0]?.namespaces, ["build-*", "theirs"]);
    assert.equal(await namespacesIn(second).inputValue(), "build-*\nmine", "nothing that was typed is lost");
  });

  test("a form in which nobody typed shows what others put in force, and changes that", async () => {
    at.hub.driftPolicy = policy;
    const page = await at.open("/drift");
    await page.getByRole("listitem", { name: "Rule 1: builds" }).waitFor();
    at.hub.driftPolicy = { rules: [{ name: "theirs", action: "alert" }] };
    await refetched(page, "drift-policy", () => at.hub.dropStreams());
    await page.getByRole("listitem", { name: "Rule 1: theirs" }).getByLabel("Namespaces").fill("ci");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText("In force: 1 rule.").waitFor();
    assert.deepEqual(at.hub.driftPolicy, { rules: [{ name: "theirs", namespaces: ["ci"], action: "alert" }] });
  });

  test("what was blocked is asked for as a list, and it is said when more came than are listed", async () => {
    const many = (verdict: "ran" | "blocked" | "would_block", count: number) =>
      Array.from({ length: count }, (_, n) => driftAlert(`${verdict}-${n}`, "shop", verdict));
    at.hub.alerts = [...many("ran", 250), ...many("blocked", 200), ...many("would_block", 3)];
    const page = await at.window();
    let asked = 0;
    page.on("request", (request) => {
      if (/\/api\/v1\/alerts\b/.test(request.url())) asked += 1;
    });
    await signIn(page, `${at.address}/drift`);
    await page.getByText("More came; only 153 are listed.").waitFor();
    assert.equal(await page.getByRole("list", { name: "Blocked in the last 7 days" }).locator(".tag.amber").count(), 3);
    assert.ok(asked < 20, `${asked} requests`);
  });

  test("a new rule that blocks begins on trial, and what is wrong with a policy is said by its rule", async () => {
    const page = await at.open("/drift");
    await page.getByText("No rule is in force").waitFor();
    await page.getByRole("button", { name: "Add a rule" }).click();
    const rule = page.getByRole("listitem", { name: "Rule 1" });
    await rule.getByLabel("What becomes of them").selectOption("block");
    assert.equal(await rule.getByLabel(/^On trial/).isChecked(), true);
    assert.equal(await rule.getByLabel("Welcome programs").count(), 0, "block knows none");
    await page.getByRole("alert").getByText("Rule 1: it has no name yet").waitFor();
    assert.equal(await page.getByRole("button", { name: "Try it" }).isDisabled(), true);
    await rule.getByLabel("Name", { exact: true }).fill("all");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText("Of 0 alerts").waitFor();
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText("In force: 1 rule.").waitFor();
    assert.deepEqual(at.hub.driftPolicy, { rules: [{ name: "all", action: "block", trial: true }] });
  });

  test("what was blocked is listed, with what is on trial, and who changed the policy, in Spanish", async () => {
    const earlier = { last_seen_us: (Date.now() - 60_000) * 1_000 };
    at.hub.alerts = [
      { ...driftAlert("a-1", "shop", "would_block"), ...earlier },
      driftAlert("a-2", "tools", "blocked"),
    ];
    const page = await at.open("/drift", { locale: "es-ES" });
    const blocked = page.getByRole("list", { name: "Bloqueado en los últimos 7 días" });
    await blocked.getByRole("link", { name: "/tmp/tool se inició en shop" }).waitFor();
    assert.deepEqual(await blocked.locator(".tag").allTextContents(), ["bloqueado", "a prueba"]);
    await page.getByRole("list", { name: "Quién la cambió" }).getByText("admin").first().waitFor();
  });

  test("who is no administrator reads it and changes nothing", async () => {
    at.hub.role = "analyst";
    at.hub.driftPolicy = policy;
    const page = await at.open("/drift");
    const rule = page.getByRole("listitem", { name: "Rule 1: builds" });
    assert.equal(await rule.getByLabel("Name", { exact: true }).isDisabled(), true);
    assert.equal(await page.getByRole("button", { name: "Put in force" }).count(), 0);
    await page.getByText("Only an administrator can change this.").waitFor();
    assert.equal(await page.getByText("Who changed it").count(), 0);
  });

  test("it is drawn on a small screen without running out of it", async () => {
    at.hub.driftPolicy = policy;
    const page = await at.open("/drift", { width: 400 });
    await page.getByRole("listitem", { name: "Rule 1: builds" }).waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 400);
  });
});
