import { setTimeout as sleep } from "node:timers/promises";
import { alertPageSchema } from "@atalaya/wire";
import type { HubClient } from "@atalaya/wire/client";
import { alertedAttacks } from "../account.ts";
import type { ClockShift } from "../clock-shift.ts";
import type { Phase, SoakPlace } from "../phase.ts";
import type { PhaseName } from "../phase-names.ts";

const hour = 3_600;
const alertSeconds = 20;

type ClockAlerts = { count: number; newest: string };

/** The alerts about clocks: how often one was raised or repeated, and the newest one's text. */
async function clockAlerts(client: HubClient): Promise<ClockAlerts> {
  const page = await client.get("/api/v1/alerts?limit=200", alertPageSchema);
  const found = page.alerts.filter((alert) => /clock/i.test(alert.rule));
  return { count: found.reduce((sum, alert) => sum + alert.count, 0), newest: found[0]?.summary.en ?? "none" };
}

async function awaitClockAlert(client: HubClient, known: number): Promise<ClockAlerts> {
  const until = performance.now() + alertSeconds * 1_000;
  for (;;) {
    const found = await clockAlerts(client);
    if (found.count > known || performance.now() > until) return found;
    await sleep(250);
  }
}

async function setAheadAndBack(clock: ClockShift, place: SoakPlace): Promise<void> {
  const { options, stack, attacker, pause, say, check } = place;
  const attacks = async () => (await alertedAttacks(stack.client, attacker.container.id)).size;
  await pause(options.holdSeconds / 2);
  const { count } = await clockAlerts(stack.client);
  for (const [words, seconds] of [
    ["an hour ahead", hour],
    ["back", 0],
  ] as const) {
    const before = await attacks();
    clock.set(seconds);
    say(`the clock is set ${words}`);
    await pause(options.holdSeconds);
    const after = await attacks();
    check(`attacks go on alerting with the clock ${words}`, after > before, `${after - before} alerted`);
  }
  const alerts = await awaitClockAlert(stack.client, count);
  check("the clock's jump raises an alert", alerts.count > count, alerts.newest);
}

function phase(name: PhaseName, whose: string, clock: (place: SoakPlace) => ClockShift): Phase {
  return {
    name,
    what: `the ${whose}'s clock is set an hour ahead, and back`,
    mayLose: false,
    run: (place) => setAheadAndBack(clock(place), place),
  };
}

export const clockOfPublisher = phase("clock-publisher", "publisher", ({ stack }) => stack.publisherClock);
export const clockOfHub = phase("clock-hub", "hub", ({ stack }) => stack.hubClock);
