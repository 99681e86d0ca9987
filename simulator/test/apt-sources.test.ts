import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { aptSources } from "../src/victim/apt-sources.ts";

const debian = "ID=debian\nVERSION_CODENAME=bookworm\n";

function withRoot(files: Record<string, string>, check: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "apt-sources-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    check(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("this machine's Debian mirrors are used, in both forms, and nobody else's", () => {
  const ours = "Types: deb\nURIs: http://mirror.invalid/debian\nSuites: bookworm bookworm-updates\nComponents: main";
  const off = `Enabled: no\n${ours}`;
  const foreign = "Types: deb\nURIs: https://deb.nodesource.invalid/node\nSuites: nodistro\nComponents: main";
  const files = {
    "etc/os-release": debian,
    "etc/apt/sources.list":
      "# a comment\ndeb [signed-by=/k.gpg] http://mirror.invalid/debian-security bookworm-security main contrib\ndeb http://mirror.invalid/debian trixie main\ndeb-src http://mirror.invalid/debian bookworm main\n",
    "etc/apt/sources.list.d/debian.sources": `${ours}\n\n${off}\n`,
    "etc/apt/sources.list.d/node.sources": foreign,
    "etc/apt/sources.list.d/docker.list": "deb https://download.docker.invalid/linux/debian bookworm stable\n",
  };
  withRoot(files, (root) => {
    const sources = aptSources(root);
    assert.equal(sources.suite, "bookworm");
    assert.deepEqual(sources.stanzas, [ours]);
    assert.deepEqual(sources.lines, [
      "deb [signed-by=/k.gpg] http://mirror.invalid/debian-security bookworm-security main contrib",
    ]);
  });
});

test("without a source of its own, and on other systems, Debian's own mirror is asked", () => {
  withRoot({ "etc/os-release": "ID=debian\nVERSION_CODENAME=trixie\n" }, (root) => {
    assert.deepEqual(aptSources(root).lines, ["deb http://deb.debian.org/debian trixie main"]);
  });
  withRoot({ "etc/os-release": "ID=fedora\n" }, (root) => {
    assert.deepEqual(aptSources(root).lines, ["deb http://deb.debian.org/debian bookworm main"]);
  });
});
