import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert } from "./canned.ts";
import { PageInBrowser } from "./page-in-browser.ts";

describe("the inventory, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();
  const list = (page: Awaited<ReturnType<typeof at.open>>, name: string) =>
    page.getByRole("region", { name, exact: true });

  test("one goes from clusters to namespaces, workloads and pods, and from there to the alerts on them", async () => {
    const page = await at.open("/inventory");
    await page.getByText("not yet complete").waitFor();
    await page.getByText("Ingress cannot be listed: ingresses is forbidden").waitFor();
    const namespaces = list(page, "Namespaces");
    await namespaces.getByText("12 workloads · 240 pods").waitFor();
    assert.doesNotMatch((await namespaces.textContent()) ?? "", /\u202e/, "no name reorders its neighbours");
    await namespaces.getByRole("link", { name: "shop", exact: true }).click();
    const workloads = list(page, "Workloads");
    await workloads.getByText("2 of 3 ready").waitFor();
    await workloads.getByRole("link", { name: "web", exact: true }).click();
    assert.match(page.url(), /\/inventory\?cluster=shop-eu&namespace=shop&workload=Deployment%2Fweb$/);
    const pods = list(page, "Pods");
    await pods.getByText("shares with its node: processes, everything (privileged)").waitFor();
    await pods.getByRole("button", { name: "Show more" }).click();
    await pods.getByText("web-7f-2").waitFor();
    await pods.getByRole("link", { name: "2 open alerts" }).click();
    await page.waitForURL(/\/alerts\?cluster=shop-eu&namespace=shop&pod_uid=pod-0$/);
    await page.goBack();
    await pods.getByRole("link", { name: "what ran in it" }).first().click();
    await page.waitForURL(/\/processes\?cluster=shop-eu&pod=shop%2Fweb-7f-0$/);
    await page.getByRole("button", { name: /pod: shop\/web-7f-0/ }).waitFor();
    assert.deepEqual(page.complaints, []);
  });

  test("what a pod shares with its node can be read whole at 400 px", async () => {
    const page = await at.open("/inventory?cluster=shop-eu&namespace=shop&workload=Deployment%2Fweb", { width: 400 });
    const shared = page.getByText("shares with its node: processes, everything (privileged)");
    await shared.waitFor();
    const hidden = await shared.evaluate((tag) => tag.scrollWidth - tag.clientWidth);
    assert.ok(hidden <= 0, `${hidden} px of it are cut off`);
  });

  test("a part of a name is looked for, and each part of the place can be taken away", async () => {
    const page = await at.open("/inventory?cluster=shop-eu&node=node-1");
    await list(page, "Pods").getByText("web-7f-0").waitFor();
    await page
      .getByRole("button", { name: "Remove node node-1" })
      .or(page.getByTitle("Remove node node-1"))
      .first()
      .click();
    await list(page, "Namespaces").waitFor();
    await page.getByLabel("Find by a part of the name").fill("web");
    await page.keyboard.press("Enter");
    await list(page, "Workloads").getByText("2 of 3 ready").waitFor();
    assert.match(page.url(), /\?cluster=shop-eu&q=web$/);
  });

  test("without an inventory it says how to get one", async () => {
    at.hub.clusters = [];
    const page = await at.open("/inventory");
    await page.getByText("No inventory has arrived").waitFor();
  });

  test("an alert says its workload, the pod's labels and the image's digest, and leads to the workload", async () => {
    const alert = makeAlert(0);
    const digest = `sha256:${"cd".repeat(32)}`;
    const known = { workload: { kind: "Deployment", name: "web" }, pod_labels: { app: "web" }, image_digest: digest };
    at.hub.alerts = [{ ...alert, where: { ...alert.where, ...known } }];
    const page = await at.open("/alerts/alert-0000");
    await page.getByText("app=web").waitFor();
    await page.getByText(digest).waitFor();
    await page.getByRole("link", { name: "Deployment/web" }).click();
    await page.waitForURL(/\/inventory\?.*workload=Deployment%2Fweb/);
  });
});
