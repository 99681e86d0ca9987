import { setTimeout as sleep } from "node:timers/promises";
import { ruleSchema, type SensorReport, sensorSchema } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import * as z from "zod";
import { attackRule } from "../attacker.ts";
import { soakNode } from "../part-arguments.ts";
import type { Phase, SoakPlace } from "../phase.ts";

const deadlineSeconds = 5;
/** From the rule's switch to the collector's next report of it, which comes within a second. */
const reportSeconds = 2;

async function report(client: HubClient): Promise<SensorReport | undefined> {
  const { sensors } = await client.get("/api/v1/sensors", z.object({ sensors: z.array(sensorSchema) }));
  return sensors.find((one) => one.node === soakNode)?.report ?? undefined;
}

/** Opens that the kernel's programs let through, as the collector reports them. */
function opensOf(of: SensorReport | undefined): number {
  const opens = (of?.counters ?? []).filter((one) => /^open/.test(one.class) && one.reason === "submitted");
  return opens.reduce((sum, one) => sum + one.value, 0);
}

const switchRule = (client: HubClient, enabled: boolean) =>
  client.put(`/api/v1/rules/${encodeURIComponent(attackRule)}/enabled`, { enabled }, ruleSchema);

const isInTime = (seconds: number) => seconds <= deadlineSeconds + reportSeconds;
const inWords = (seconds: number) => `${seconds.toFixed(1)} s, its report included`;

/** Waits until the collector holds another state than `version`; gives the seconds that it took, by its next report. */
async function untilState(client: HubClient, version: number): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const seconds = (performance.now() - begun) / 1_000;
    if (((await report(client))?.state_version ?? 0) !== version || seconds > 30) return seconds;
    await sleep(100);
  }
}

async function opensPerSecond(client: HubClient, pause: SoakPlace["pause"]): Promise<number> {
  const seconds = 3;
  const before = opensOf(await report(client));
  await pause(seconds);
  return (opensOf(await report(client)) - before) / seconds;
}

/** A rule is switched off: its file names are no longer watched, within seconds, and over restarts without a hub. */
export const desiredState: Phase = {
  name: "desired-state",
  what: "a rule is switched off at the hub; the hub goes, collector and publisher start again",
  mayLose: false,
  async run(place) {
    const { stack, attacker, pause, check } = place;
    const { client } = stack;
    // What it attacks is not watched while the rule is off.
    await attacker.pause();
    await pause(2);
    const version = (await report(client))?.state_version ?? 0;
    const watched = await opensPerSecond(client, pause);
    check("opens of a watched name are reported", watched > 0, `${watched.toFixed(0)} a second`);
    await switchRule(client, false);
    const offSeconds = await untilState(client, version);
    check("a rule's switch reaches the node within five seconds", isInTime(offSeconds), inWords(offSeconds));
    await pause(1);
    const off = await opensPerSecond(client, pause);
    check("what no rule watches stays in the kernel", off < watched / 10, `${off.toFixed(0)} a second`);
    const before = await report(client);
    const awaySeconds = await withoutHub(place);
    const after = await laterReport(client, before);
    const through = (opensOf(after) - opensOf(before)) / awaySeconds;
    check("the last state holds over restarts without a hub", through < watched / 10, `${through.toFixed(0)} a second`);
    const versionOff = after?.state_version ?? 0;
    await switchRule(client, true);
    const onSeconds = await untilState(client, versionOff);
    check("so does its switch back, after the hub was away", isInTime(onSeconds), inWords(onSeconds));
    await pause(1);
    const again = await opensPerSecond(client, pause);
    check("a rule that is switched on again is watched", again > watched / 2, `${again.toFixed(0)} a second`);
  },
};

/** The hub goes, collector and publisher start again and run for a while, the hub comes back. Gives the seconds. */
async function withoutHub({ options, stack, pause }: SoakPlace): Promise<number> {
  const begun = performance.now();
  await stack.hub.stop();
  await stack.publisher.kill();
  await stack.collector.kill();
  await pause(Math.min(5, options.holdSeconds));
  await stack.hub.start();
  return (performance.now() - begun) / 1_000;
}

/** A report of the collector that was started after the one that wrote `before`. */
async function laterReport(client: HubClient, before: SensorReport | undefined): Promise<SensorReport | undefined> {
  const until = performance.now() + 30_000;
  for (;;) {
    const found = await report(client);
    if (found !== undefined && found.started_us > (before?.started_us ?? 0)) return found;
    if (performance.now() > until) return found;
    await sleep(250);
  }
}
