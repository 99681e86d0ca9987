import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { emptyFilterPlan } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { loadAddon } from "../src/kernel/addon.ts";
import { pinnedSets } from "../src/kernel/bpffs.ts";
import { openKernel } from "../src/kernel/open-kernel.ts";
import type { OpenedKernel } from "../src/kernel-source.ts";
import { PinPlace } from "./collector-process.ts";
import { objectFolder, root } from "./kernel-watch.ts";
import { drainAll } from "./left-pinned.ts";

const nothing = { detached: [], unpinned: [] };

describe("what somebody does to the sensor", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  let source: OpenedKernel;
  let set: string;
  const open = () => {
    const opened = openKernel({ objectFolder, pinFolder: place.pin });
    opened.setFilterPlan({ ...emptyFilterPlan, version: 1 });
    return opened;
  };

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    source = open();
    set = join(place.pin, pinnedSets(place.pin)[0] ?? "");
  });
  after(() => {
    source.close();
    place.remove();
  });

  /** Connects to a port where nobody listens; whether that was seen. */
  async function isConnectSeen(port: number): Promise<boolean> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("error", resolve));
    return drainAll(source).some((record) => record.kind === "connect" && record.dstPort === port);
  }

  /** As `bpftool link detach pinned PATH` does it. */
  const detach = (program: string) =>
    execFileSync(join(place.folder, "detach"), [join(set, "links", program)], { stdio: "inherit" });

  test("nothing is found where nobody did anything", () => {
    assert.deepEqual(source.lookAfter(), nothing);
  });

  test("a program that was taken off its hook is found, and hangs again", async () => {
    const text = join(root, "collector", "test", "programs", "detach.c");
    execFileSync("gcc", ["-O2", "-Wall", "-Werror", text, "-o", join(place.folder, "detach")]);
    assert.ok(await isConnectSeen(1));
    detach("connect4");
    assert.ok(!(await isConnectSeen(2)), "it was taken off");
    assert.deepEqual(source.lookAfter(), { detached: ["connect4"], unpinned: [] });
    assert.ok(await isConnectSeen(3));
    assert.ok(existsSync(join(set, "links", "connect4")), "its pin is there again");
    assert.deepEqual(source.lookAfter(), nothing);
  });

  test("pins that were removed are found, and whoever comes next goes on with what is pinned", async () => {
    rmSync(join(set, "links", "process_exec"));
    rmSync(join(set, "maps", "names"));
    rmSync(join(set, "whole"));
    const { detached, unpinned } = source.lookAfter();
    assert.deepEqual([detached, unpinned.sort()], [[], ["names", "process_exec", "whole"]]);
    assert.deepEqual(source.lookAfter(), nothing);
    source.close();
    source = open();
    assert.equal(source.adopted, true);
    assert.deepEqual(source.lookAfter(), nothing);
  });

  test("so is a program that an earlier process had hung", async () => {
    detach("connect4");
    assert.deepEqual(source.lookAfter(), { detached: ["connect4"], unpinned: [] });
    assert.ok(await isConnectSeen(4));
    assert.deepEqual(source.lookAfter(), nothing);
  });

  test("what nobody asks for hangs on nothing, and that is no news", () => {
    assert.equal(loadAddon(objectFolder).hangs("no_such_program").split("\n")[0], "ENOENT");
    source.setFilterPlan({ ...emptyFilterPlan, version: 2, unasked: ["network.connect"] });
    assert.deepEqual(source.lookAfter(), nothing);
  });
});
