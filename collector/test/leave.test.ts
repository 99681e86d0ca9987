import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { leave } from "../src/leave.ts";

describe("a sensor that leaves its node for good", () => {
  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "atalaya-leave-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** Resolves when it says that it is done; false when it did not within `ms`. */
  async function leaves(hostRoot: string, folders: string[], ms: number): Promise<boolean> {
    const end = new AbortController();
    let isDone = false;
    const things = {
      pinFolder: undefined,
      stateFolder: undefined,
      sharedFolders: folders,
      hostRoot,
      healthFile: undefined,
    };
    const told = new Promise<void>((resolve) => {
      void leave(
        things,
        () => {
          isDone = true;
          end.abort();
          resolve();
        },
        end.signal,
      );
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([told, late]);
    clearTimeout(timer);
    // Whoever still waits for it to be gone is let go.
    if (!isDone) for (const folder of folders) rmSync(join(root, folder), { recursive: true, force: true });
    if (!isDone) mkdirSync(hostRoot, { recursive: true });
    await told;
    return isDone && timer !== undefined;
  }

  test("removes the folders that it shared once nothing is in them", async () => {
    mkdirSync(join(root, "run/atalaya"), { recursive: true });
    assert.equal(await leaves(root, ["/run/atalaya"], 5_000), true);
    assert.equal(existsSync(join(root, "run/atalaya")), false);
  });

  test("leaves alone what others keep in a folder that somebody named by mistake", async () => {
    mkdirSync(join(root, "mnt/disk/database"), { recursive: true });
    writeFileSync(join(root, "mnt/disk/database/data"), "theirs");
    assert.equal(await leaves(root, ["/mnt/disk"], 5_000), true);
    assert.deepEqual(readdirSync(join(root, "mnt/disk/database")), ["data"]);
  });
});
