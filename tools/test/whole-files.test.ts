// Every part writes some file "in whole or not at all": keys, the desired state, the address of the hub.
import assert from "node:assert/strict";
import { lstatSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { writeWhole as writeOfHub } from "../../hub/src/tls/private-file.ts";
import { writeWhole as writeOfPublisher } from "../../publisher/src/whole-file.ts";
import { onFullDisk } from "../testing/full-disk.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atalaya-whole-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

for (const [name, module, write] of [
  ["hub", "../../hub/src/tls/private-file.ts", writeOfHub],
  ["publisher", "../../publisher/src/whole-file.ts", writeOfPublisher],
] as const) {
  test(`${name}: a disk that fills up leaves the old file as it was`, () => {
    const path = join(folder, "kept");
    writeFileSync(path, "old");
    const script = `
      import { writeWhole } from ${JSON.stringify(new URL(module, import.meta.url).pathname)};
      try { writeWhole(${JSON.stringify(path)}, "x".repeat(100_000)); console.log("written"); }
      catch (error) { console.log(error.code); }`;
    assert.equal(onFullDisk(16, script), "EFBIG\n");
    assert.equal(readFileSync(path, "utf8"), "old");
  });

  test(`${name}: a link that somebody put in the way is not written through, and the mode is what was asked for`, () => {
    const [path, aim] = [join(folder, "kept"), join(folder, "aim")];
    writeFileSync(aim, "not ours");
    symlinkSync(aim, `${path}.new`);
    write(path, "secret", 0o600);
    assert.equal(readFileSync(aim, "utf8"), "not ours");
    assert.ok(lstatSync(path).isFile());
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });
}
