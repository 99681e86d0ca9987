import assert from "node:assert/strict";
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { onFullDisk } from "../../tools/testing/full-disk.ts";
import { writeWhole } from "../files.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-whole-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("a disk that fills up leaves the old file as it was", () => {
  const path = join(folder, "kept");
  writeFileSync(path, "old");
  const script = `
    import { writeWhole } from ${JSON.stringify(new URL("../files.ts", import.meta.url).pathname)};
    try { writeWhole(${JSON.stringify(path)}, "x".repeat(100_000)); console.log("written"); }
    catch (error) { console.log(error.code); }`;
  assert.equal(onFullDisk(16, script), "EFBIG\n");
  assert.equal(readFileSync(path, "utf8"), "old");
});

test("a link that somebody put in the way is not written through, and the mode is what was asked for", () => {
  const [path, aim] = [join(folder, "kept"), join(folder, "aim")];
  writeFileSync(aim, "not ours");
  symlinkSync(aim, `${path}.new`);
  writeWhole(path, "secret", 0o600);
  assert.equal(readFileSync(aim, "utf8"), "not ours");
  assert.ok(lstatSync(path).isFile());
  assert.equal(statSync(path).mode & 0o777, 0o600);
});
