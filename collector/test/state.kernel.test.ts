import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type DesiredState, emptyFilterPlan, encodeMessage, messageKinds, signState } from "@atalaya/wire";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { CollectorProcess, PinPlace } from "./collector-process.ts";
import { root } from "./kernel-watch.ts";
import { StandInPublisher } from "./stand-in-publisher.ts";

describe("what the hub wants of a node", { skip: skipUnless("kernel") }, () => {
  const place = new PinPlace();
  const socket = join(place.folder, "collector.sock");
  const [key, ca] = [join(place.folder, "ca.key"), join(place.folder, "ca.pem")];
  let publisher: StandInPublisher;
  let collector: CollectorProcess | undefined;

  before(async () => {
    await buildCollector({ root, log: () => undefined });
    const what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=hub"];
    execFileSync("openssl", ["req", ...what, "-keyout", key, "-out", ca, "-days", "1"], { stdio: "ignore" });
    publisher = await StandInPublisher.listen(socket);
  });
  after(async () => {
    await collector?.end("SIGKILL");
    await publisher?.close();
    place.remove();
  });

  async function start(): Promise<void> {
    const args = ["--no-pin", "--state", join(place.folder, "state"), "--ca", ca];
    collector = new CollectorProcess(socket, args);
    assert.equal((await collector.ready).type, "ready");
  }

  function message(version: number, names: string[], changes: Partial<DesiredState> = {}): Buffer {
    const filters = { ...emptyFilterPlan, version, open_names: names };
    const of = { workspace: "w-7", cluster: "c", node: "n", revoked: false, issued_us: 1 };
    const signed = signState({ version, filters, ...of, ...changes }, readFileSync(key, "utf8"));
    return encodeMessage(messageKinds.state, Buffer.from(JSON.stringify(signed)));
  }

  /** Opened by a program of its own; gives whether an event of it came before that of the one opened next. */
  const opened = (name: string) => {
    const file = join(place.folder, name);
    writeFileSync(file, "");
    execFileSync("cat", [file]);
  };

  test("is in force at once, confirmed, kept over a kill without a publisher's word; what is not the hub's is refused", {
    timeout: 60_000,
  }, async () => {
    await start();
    await publisher.until("the collector", () => publisher.reports.length > 0);
    publisher.say(message(5, ["shadow-5"]));
    await publisher.until("its confirmation", () => publisher.confirmed.length === 1);
    assert.deepEqual(publisher.confirmed, [{ version: 5 }]);
    opened("shadow-5");
    await publisher.until("its event", () => publisher.opened.has(join(place.folder, "shadow-5")));
    publisher.say(message(4, ["older"]));
    publisher.say(message(9, ["for-another"], { node: "m" }));
    // Not signed: it counts no more.
    const plan = { ...emptyFilterPlan, version: 99, open_names: ["unsigned"] };
    publisher.say(encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(plan))));
    await publisher.until("two refusals", () => publisher.confirmed.length === 3);
    assert.match(JSON.stringify(publisher.confirmed[1]), /"version":4.*older than 5/);
    assert.match(JSON.stringify(publisher.confirmed[2]), /"version":9.*another node/);
    await collector?.end("SIGKILL");

    const from = publisher.reports.length;
    await start();
    await publisher.until("its first report", () => publisher.reports.length > from);
    const [first] = publisher.reports.slice(from);
    assert.deepEqual([first?.report.state_version, first?.report.filters_version], [5, 5]);
    rmSync(join(place.folder, "shadow-5"));
    publisher.opened.clear();
    opened("unsigned");
    opened("shadow-5");
    await publisher.until("the event", () => publisher.opened.has(join(place.folder, "shadow-5")));
    const ours = [...publisher.opened].filter((path) => path.startsWith(place.folder));
    assert.deepEqual(ours, [join(place.folder, "shadow-5")]);
    assert.ok(publisher.workspaces.has("w-7"));
  });

  test("a program hangs when the state that asks for it is confirmed, and is unasked after the next, also for a new collector", {
    timeout: 60_000,
  }, async () => {
    const said = (name: string) => publisher.reports.at(-1)?.report.programs.find((one) => one.name === name);
    const put = async (version: number, calls: string[]) => {
      const startMs = performance.now();
      publisher.say(message(version, [], { filters: { ...emptyFilterPlan, version, calls } }));
      await publisher.until("its confirmation", () => publisher.confirmed.some((one) => isVersion(one, version)));
      await publisher.until("its report", () => publisher.reports.at(-1)?.report.state_version === version);
      return performance.now() - startMs;
    };
    const script = "sleep 5.0417 & kill -KILL $!";
    let kills = 0;
    publisher.onEvent = (event) => {
      if (event.class === "kernel" && event.activity === "kill" && event.argv?.includes(script)) kills += 1;
    };
    const kill = () => execFileSync("sh", ["-c", script]);
    const onMs = await put(20, ["kill"]);
    kill();
    assert.deepEqual(said("exit_kill"), { name: "exit_kill", loaded: true, attached: true });
    await publisher.until("the signal", () => kills === 1);
    const offMs = await put(21, ["ptrace"]);
    kill();
    assert.deepEqual(said("exit_kill"), { name: "exit_kill", loaded: true, attached: false, unasked: true });
    assert.ok(onMs < 5_000 && offMs < 5_000, `on after ${onMs} ms, off after ${offMs} ms`);
    await collector?.end("SIGKILL");
    const from = publisher.reports.length;
    await start();
    await publisher.until("its first report", () => publisher.reports.length > from);
    assert.equal(said("exit_ptrace")?.attached, true);
    assert.deepEqual(said("exit_kill"), { name: "exit_kill", loaded: false, attached: false, unasked: true });
    await put(22, ["kill"]);
    kill();
    await publisher.until("the next signal", () => kills > 1);
    assert.equal(kills, 2, "none of what happened while nobody asked");
  });
});

const isVersion = (confirmed: unknown, version: number) => JSON.stringify(confirmed) === JSON.stringify({ version });
