import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { eventPage, eventPageFile } from "../docs/event-page.ts";

test("the page of event columns is what the code says", () => {
  assert.equal(readFileSync(eventPageFile, "utf8"), eventPage(), "run: node tools/docs/event-page.ts");
});
