import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { eventPage, eventPageFile, remark } from "../docs/event-page.ts";

test("the page of event columns is what the code says", () => {
  assert.equal(readFileSync(eventPageFile, "utf8"), eventPage(), "run: node tools/docs/event-page.ts");
});

test("a column has the remark of its own class, of however many lines, and none of the column before it", () => {
  const own = `{\n  /** Of a file (FS_* | x). */\n  error: "i32",\n  plain: "str",\n  /**\n   * One line,\n   * and another.\n   */\n  long: "str",\n}`;
  const taken = `{\n  /** Of anything. */\n  error: "i32",\n  /** Of an actor. */\n  pid: "u32",\n}`;
  const remarks = ["error", "plain", "long", "pid"].map((column) => remark(column, [own, taken]));
  assert.deepEqual(remarks, ["Of a file (FS_* \\| x).", "", "One line, and another.", "Of an actor."]);
  assert.match(eventPage(), /^\| `left_container` \| boolean \| Of a cgroup_move .*\. \|$/m);
  assert.match(eventPage(), /^\| `env` \| list of strings \| Of an exec, .*redacted\. \|$/m);
  assert.equal(eventPage().match(/Negative errno of a refused exec/g)?.length, 1, "of class process alone");
});
