import assert from "node:assert/strict";
import { test } from "node:test";
import { eventFileName, listEventFiles, openEventFile, removeOldEventFiles } from "../../src/store/event-files.ts";
import { tempFolder } from "../core/hub-fixture.ts";

const day = 86_400_000;

test("days beyond retention go by unlinking their files, the others stay", (t) => {
  const folder = tempFolder(t);
  const now = Date.UTC(2026, 4, 20, 12);
  for (let back = 0; back < 10; back++) openEventFile(folder, eventFileName(now - back * day)).close();
  const gone = removeOldEventFiles(folder, now, 7);
  assert.deepEqual(gone, ["events-20260512.sqlite", "events-20260511.sqlite"]);
  assert.equal(listEventFiles(folder)[0], "events-20260520.sqlite");
  assert.equal(listEventFiles(folder).length, 8);
});
