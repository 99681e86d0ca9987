import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { architecturesNamed, images, ownArchitecture } from "../images.ts";
import { nodePackage, npmPackage, unpackProved } from "../machine/npm-package.ts";

const folder = mkdtempSync(join(tmpdir(), "atalaya-npm-"));
after(() => rmSync(folder, { recursive: true }));

test("--arch is this machine's when nothing is said, one, or both, and nothing else", () => {
  assert.deepEqual(architecturesNamed(undefined), [ownArchitecture()]);
  assert.deepEqual(architecturesNamed("arm64"), ["arm64"]);
  assert.deepEqual(architecturesNamed("both"), ["amd64", "arm64"]);
  for (const wrong of ["x64", "", "amd64,arm64", "toString"])
    assert.throws(() => architecturesNamed(wrong), /--arch takes amd64, arm64 or both/);
});

test("the lock file proves every package that an image of either architecture takes", () => {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, "../../package-lock.json"), "utf8"));
  const native = Object.values(images).flatMap(({ nativePackages }) => [
    ...nativePackages("x64"),
    ...nativePackages("arm64"),
  ]);
  for (const name of [nodePackage("amd64"), nodePackage("arm64"), ...native])
    assert.match(lock.packages[`node_modules/${name}`]?.integrity ?? "", /^sha512-/, name);
});

test("a package that the lock file does not name is refused before npm is asked", async () => {
  await assert.rejects(npmPackage("node-linux-nowhere"), /package-lock.json has no node-linux-nowhere/);
});

test("a package's archive is unpacked when it is what the lock file says, and not when one byte is another", async () => {
  mkdirSync(join(folder, "made", "package"), { recursive: true });
  writeFileSync(join(folder, "made", "package", "LICENSE"), "ours");
  const file = join(folder, "one.tgz");
  execFileSync("tar", ["-czf", file, "-C", join(folder, "made"), "package"]);
  const integrity = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
  const to = join(folder, "unpacked");

  await unpackProved("one", file, integrity, to);
  assert.equal(readFileSync(join(to, "LICENSE"), "utf8"), "ours");

  const bytes = readFileSync(file);
  bytes[4] = (bytes[4] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const other = join(folder, "other");
  await assert.rejects(unpackProved("one", file, integrity, other), /one is not what the lock file says it is/);
  assert.equal(existsSync(other), false);
});
