import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Alert, AlertRecording, RecordedEvent } from "@atalaya/wire/api";
import { skipUnless } from "../../tools/testing/needs.ts";
import { makeAlert } from "./canned.ts";
import { PageInBrowser } from "./page-in-browser.ts";

const answered: AlertRecording = {
  ...{ state: "answered", container_id: "c", from_us: 1, asked_us: 2, answered_us: 3, kept_from_us: 1 },
  ...{ from_beginning: false, cut: false, undecodable: 0, damaged: 0 },
  counts: [{ class: "network", events: 2, earlier: 40, lost: 3 }],
};

/** Alert 0, whose subject connected twice before, to a name that would turn its line around. */
function recordedAlert(recording: AlertRecording): Alert {
  const alert = makeAlert(0);
  const event = (what: string): RecordedEvent => {
    return {
      time_us: alert.first_seen_us - 5e6,
      class: "network",
      activity: "connect",
      pid: 1,
      start_us: 1,
      name: "sh",
      what,
    };
  };
  const recorded = [event("tcp 192.0.2.7:4444"), event("tcp \u202e4444:7.2.0.291")];
  const process_tree = alert.process_tree.map((row) => (row.subject ? { ...row, recorded } : row));
  return { ...alert, recording, process_tree: recording.state === "answered" ? process_tree : alert.process_tree };
}

describe("what was recorded before an alert, in a browser", { skip: skipUnless("browser") }, () => {
  const at = new PageInBrowser();

  test("the tree shows what a process did before, marked as recorded, and what is missing", async () => {
    at.hub.alerts = [recordedAlert(answered)];
    const page = await at.open("/alerts/alert-0000");
    const tree = page.getByRole("region", { name: "Process tree" });
    await tree.getByText("From the node's recorder: 2 network.").waitFor();
    await tree.getByText("40 earlier ones are not here").waitFor();
    await tree.getByText("3 in between are lost.").waitFor();
    const row = tree.locator("li.subject");
    await row.getByText("2 recorded around it").click();
    await row.getByText("tcp 192.0.2.7:4444").waitFor();
    assert.equal(await row.locator(".tag", { hasText: "recorded" }).count(), 1);
    assert.ok(!((await row.textContent()) ?? "").includes("\u202e"));
    assert.deepEqual(page.complaints, []);
  });

  test("an answer that is on its way is waited for, and the page speaks Spanish", async () => {
    at.hub.alerts = [recordedAlert({ ...answered, state: "asked", counts: [] })];
    const page = await at.open("/alerts/alert-0000", { locale: "es-ES" });
    const tree = page.getByRole("region", { name: "Árbol de procesos" });
    await tree.getByText("aún no ha respondido").waitFor();
    at.hub.alerts = [recordedAlert(answered)];
    await tree.getByText("Del registrador del nodo: 2 red.").waitFor();
  });

  test("a sensor says what its recorder holds, and what it lost", async () => {
    const page = await at.open("/sensors");
    const line = page.getByText("The flight recorder holds 20 MiB of 64 MiB");
    await line.waitFor();
    assert.match((await line.textContent()) ?? "", /1,234 events lost for want of room/);
    assert.equal(await line.count(), 1, "others have recorded nothing");
    await line.getByRole("link", { name: "Who is recorded" }).click();
    await page.getByRole("heading", { name: "Flight recorder" }).waitFor();
  });

  test("with recorded events open it fits into 400 px without scrolling sideways", async () => {
    at.hub.alerts = [recordedAlert(answered)];
    const page = await at.open("/alerts/alert-0000", { width: 400, height: 800 });
    await page.getByText("2 recorded around it").click();
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(beyond <= 0, `${beyond} px too wide`);
  });
});
