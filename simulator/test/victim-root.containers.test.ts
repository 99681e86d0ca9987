import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { prepareVictimRoot } from "../index.ts";

const skip = skipUnless("containers");

/** Runs `use` with a cache folder of its own and `script` in the place of mmdebstrap. */
async function withMmdebstrap(script: string, use: (cacheFolder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "victim-root-"));
  const path = process.env["PATH"];
  writeFileSync(join(folder, "mmdebstrap"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env["PATH"] = `${folder}:${path}`;
  try {
    await use(join(folder, "cache"));
  } finally {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  }
}

// The root is the argument that ends in .part.
const makeRoot = 'for one; do case $one in *.part) root=$one;; esac; done; mkdir -p "$root"';

test("where mmdebstrap fails a busybox root serves and the reason is told", { skip }, async () => {
  await withMmdebstrap(`${makeRoot}; echo "E: no mirror answers" >&2; exit 1`, async (cacheFolder) => {
    const root = await prepareVictimRoot({ cacheFolder });
    assert.deepEqual([root.kind, root.reason], ["busybox", "mmdebstrap failed: no mirror answers"]);
    assert.ok(existsSync(join(root.path, "bin/busybox")));
    assert.deepEqual(readdirSync(cacheFolder).sort(), ["victim-busybox", "victim.lock"]);
  });
});

test("a root that is being made is not seen, and one that is ready is made once", { skip }, async () => {
  const script = `${makeRoot}; echo "I: installing" >&2; sleep 0.3; touch "$root/ready"; echo made >> "$(dirname "$root")/made"`;
  await withMmdebstrap(script, async (cacheFolder) => {
    const progress: string[] = [];
    const onProgress = (what: string) => void progress.push(what);
    const both = await Promise.all([
      prepareVictimRoot({ cacheFolder, onProgress }),
      prepareVictimRoot({ cacheFolder, onProgress }),
    ]);
    for (const root of both) assert.ok(root.kind === "debian" && existsSync(join(root.path, "ready")));
    assert.deepEqual(progress, ["installing"]);
    assert.equal(both[0].path, both[1].path);
    assert.deepEqual(readdirSync(cacheFolder).sort(), ["made", both[0].path.split("/").at(-1), "victim.lock"].sort());
  });
});

test("a root whose making is stopped leaves nothing half-made", { skip }, async () => {
  const stop = new AbortController();
  await withMmdebstrap(`${makeRoot}; echo "I: installing" >&2; exec sleep 60`, async (cacheFolder) => {
    const onProgress = () => stop.abort(new Error("stopped"));
    await assert.rejects(prepareVictimRoot({ cacheFolder, onProgress, signal: stop.signal }), /stopped/);
    assert.deepEqual(readdirSync(cacheFolder), ["victim.lock"]);
  });
});
