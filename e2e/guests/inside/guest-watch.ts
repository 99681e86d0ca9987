// The real collector in the guest, started as a node starts it, and what it handed on.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AtalayaEvent, DesiredState, FilterPlan, SensorReport } from "@atalaya/wire";
import { encodeMessage, messageKinds, signState } from "@atalaya/wire";
import { assertExact, type Reported, StandInPublisher } from "../../../collector/test/stand-in-publisher.ts";
import { noFunctionHooks } from "../guest-result.ts";
import { eventMsMax, reportMsMax, startMsMax } from "../limits.ts";

const node = "/atalaya/bin/node";
const socket = "/run/collector.sock";
/** The hub's CA, made for the guest: its certificate is what the collector trusts. */
export const ca = { certificate: "/guest/ca.pem", key: "/guest/ca.key" };
export const acts = "/guest/acts";

/** Of every collector of the guest: whoever goes on with a watch is to hang its programs where they hung. */
const hooks = readFileSync("/proc/cmdline", "latin1").includes(noFunctionHooks) ? ["--no-function-hooks"] : [];

export type EventOf<C extends AtalayaEvent["class"]> = Extract<AtalayaEvent, { class: C }>;

export class GuestWatch {
  readonly #publisher: StandInPublisher;
  readonly #events: AtalayaEvent[] = [];
  readonly #recorded: AtalayaEvent[] = [];
  readonly #plan: FilterPlan;
  #collector: ChildProcess | undefined;
  #stateVersion = 0;
  /** What was awaited and came, as `class.activity`. */
  readonly found = new Set<string>();

  private constructor(publisher: StandInPublisher, plan: FilterPlan) {
    this.#publisher = publisher;
    this.#plan = plan;
    publisher.onEvent = (event) => this.#events.push(event);
    publisher.onRecorded = (event) => this.#recorded.push(event);
  }

  static async listen(plan: FilterPlan): Promise<GuestWatch> {
    const watch = new GuestWatch(await StandInPublisher.listen(socket), plan);
    watch.#publisher.greetings.push(encodeMessage(messageKinds.filters, Buffer.from(JSON.stringify(plan))));
    return watch;
  }

  /** Starts the collector; gives its first report with the plan in force. */
  async start(more: readonly string[] = []): Promise<SensorReport> {
    const from = this.#publisher.reports.length;
    const args = ["/atalaya/collector/main.js", "--socket", socket, "--node", "guest", "--cluster", "guests", ...hooks];
    this.#collector = spawn(node, [...args, ...more], { stdio: ["ignore", "inherit", "inherit"] });
    const child = this.#collector;
    const gone = once(child, "exit").then(([code]) => {
      throw new Error(`the collector ended with ${code} before its first report`);
    });
    const found = () => this.#publisher.reports.slice(from).find(({ report }) => report.filters_version > 0);
    await Promise.race([
      this.#publisher.until("a report of the collector", () => found() !== undefined, startMsMax),
      gone,
    ]);
    // Its end later on is no failure of the start.
    gone.catch(() => undefined);
    return (found() as { report: SensorReport }).report;
  }

  /** Puts the policies in force, and no other, as the hub does: in a signed state, beside the plan. */
  async want(policies: Pick<DesiredState, "drift" | "recorder">): Promise<void> {
    const version = ++this.#stateVersion;
    const of = { cluster: "guests", node: "guest", workspace: "guests", revoked: false, issued_us: 1 };
    const state = { version, filters: this.#plan, ...of, ...policies };
    const signed = signState(state, readFileSync(ca.key, "utf8"));
    this.#publisher.say(encodeMessage(messageKinds.state, Buffer.from(JSON.stringify(signed))));
    const confirmed = () => this.#publisher.confirmed.some((one) => JSON.stringify(one) === `{"version":${version}}`);
    await this.#publisher.until(`the confirmation of state ${version}`, confirmed, eventMsMax);
  }

  /** The first report that says so, of those that come from now on. Throws after `reportMsMax`. */
  async told(what: string, says: (report: SensorReport) => boolean): Promise<SensorReport> {
    const from = this.#publisher.reports.length;
    const found = () => this.#publisher.reports.slice(from).find(({ report }) => says(report))?.report;
    await this.#publisher
      .until(what, () => found() !== undefined, reportMsMax)
      .catch((error: unknown) => {
        const { blocking, heartbeat, tampered, throttled } = this.lastReport ?? {};
        throw new Error(`${String(error)}: ${JSON.stringify({ blocking, heartbeat, tampered, throttled })}`);
      });
    return found() as SensorReport;
  }

  /** Of the collector that runs. */
  get collectorPid(): number {
    return this.#collector?.pid ?? 0;
  }

  /** To the collector, which goes on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#collector?.kill(signal);
  }

  /** Ends the collector by the signal; gives its exit status, or the signal. */
  async end(signal: NodeJS.Signals): Promise<number | string> {
    const child = this.#collector;
    if (child === undefined) throw new Error("no collector was started");
    this.#collector = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    }
    return child.exitCode ?? child.signalCode ?? "";
  }

  get lastReport(): SensorReport | undefined {
    return this.#publisher.reports.at(-1)?.report;
  }

  /** Of a collector that has ended in peace. */
  assertExact(): void {
    assertExact(this.#publisher.reports.at(-1) as Reported);
  }

  get problems(): readonly string[] {
    return this.#publisher.problems;
  }

  /** The first event that is what is awaited, of those that came or will come. Throws after `eventMsMax`. */
  async first<C extends AtalayaEvent["class"]>(
    of: C,
    activity: EventOf<C>["activity"],
    is: (event: EventOf<C>) => boolean,
  ): Promise<EventOf<C>> {
    const found = await this.#firstOf(this.#events, of, activity, is);
    this.found.add(`${of}.${activity}`);
    return found;
  }

  /** As `first`, of what was sent for the flight recorder. */
  recorded<C extends AtalayaEvent["class"]>(
    of: C,
    activity: EventOf<C>["activity"],
    is: (event: EventOf<C>) => boolean,
  ): Promise<EventOf<C>> {
    return this.#firstOf(this.#recorded, of, activity, is);
  }

  async #firstOf<C extends AtalayaEvent["class"]>(
    events: readonly AtalayaEvent[],
    of: C,
    activity: EventOf<C>["activity"],
    is: (event: EventOf<C>) => boolean,
  ): Promise<EventOf<C>> {
    const wanted = (event: AtalayaEvent): event is EventOf<C> =>
      event.class === of && event.activity === activity && is(event as EventOf<C>);
    await this.#publisher.until(`${of} ${activity}`, () => events.some(wanted), eventMsMax);
    return events.find(wanted) as EventOf<C>;
  }

  all(is: (event: AtalayaEvent) => boolean): AtalayaEvent[] {
    return this.#events.filter(is);
  }

  allRecorded(is: (event: AtalayaEvent) => boolean): AtalayaEvent[] {
    return this.#recorded.filter(is);
  }

  /** Until the process' end was handed on: what it did came before. */
  async gone(pid: number): Promise<EventOf<"process">> {
    return await this.first("process", "exit", (event) => event.pid === pid);
  }
}

/** Runs a program to its end. Throws an Error when it cannot be started. */
export function runProgram(file: string, args: string[], options: { uid?: number; cwd?: string; input?: Buffer } = {}) {
  const { pid, status, stdout, stderr, error } = spawnSync(file, args, { encoding: "utf8", ...options });
  if (error !== undefined) throw error;
  return { pid, status, stdout, stderr };
}

export function act(...args: string[]) {
  return runProgram(acts, args);
}
