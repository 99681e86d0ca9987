import type { LedgerCounter, SensorReport, SyncRequest, ThrottledWhere } from "@atalaya/wire";
import { CounterSum } from "../ledger/counter-sum.ts";
import type { NodeAccount, NodeKey } from "../ledger/node-account.ts";
import { AuditLogWatch, whyUnread } from "./audit-log-watch.ts";
import { HubClock } from "./hub-clock.ts";
import { type HealthLimits, healthLimits } from "./limits.ts";
import { LossWatch } from "./loss-watch.ts";
import { countText, durationText } from "./news.ts";
import { NewsDesk, type NewsDeskOptions } from "./news-desk.ts";
import { TamperWatch } from "./tamper-watch.ts";

type Node = {
  of: NodeKey;
  collector: LossWatch;
  publisher: LossWatch;
  /** What the hub itself could not read, since it started. */
  hub: LossWatch;
  hubLost: CounterSum;
  auditLog: AuditLogWatch;
  /** By the monotonic clock: since the hub started, or the last report after it. */
  heardMs: number;
  /** False until a report: what was known before the hub's start gets a grace. */
  heard: boolean;
  silentSinceMs: number | undefined;
  /** When the publisher last said that reports may wait with it, behind so much else. */
  backlogMs: number;
  clockAway: boolean;
  /** What its sensor does not see of what it does itself. */
  missed: string;
  /** Who was over his budget, by the last report. */
  throttled: readonly ThrottledWhere[];
  tampering: TamperWatch;
  told: Map<string, { atMs: number; more: number }>;
};
export type SensorHealthOptions = Omit<NewsDeskOptions, "limits"> & {
  limits?: Partial<HealthLimits>;
  /** The hub itself, for news of its own clock. */
  hub: NodeKey;
  isRevoked(of: NodeKey): boolean;
};

/** The three that most of it was of. */
function byWhom(throttled: readonly ThrottledWhere[], object: string): string {
  const names = throttled.filter((one) => one.class === object).slice(0, 3);
  return names.length === 0
    ? ""
    : `, by ${names.map(({ where, value }) => `${where}: ${countText(value)}`).join("; ")}`;
}

/** Watches every sensor: rising loss, silence, clocks, refusals, mismatches; each becomes an event that rules see. */
export class SensorHealth {
  readonly #options: SensorHealthOptions;
  readonly #limits: HealthLimits;
  readonly #nodes = new Map<string, Node>();
  readonly #clock: HubClock;
  readonly desk: NewsDesk;

  constructor(options: SensorHealthOptions) {
    this.#options = options;
    this.#limits = { ...healthLimits, ...options.limits };
    this.#clock = new HubClock(this.#limits.clockJumpUs);
    this.desk = new NewsDesk({ ...options, limits: this.#limits });
  }

  #node(of: NodeKey): Node {
    const key = `${of.workspaceId}\n${of.cluster}\n${of.node}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const { workspaceId, cluster, node } = of;
    const watch = () => new LossWatch(this.#limits);
    const made: Node = {
      ...{ of: { workspaceId, cluster, node }, collector: watch(), publisher: watch(), hub: watch() },
      ...{ hubLost: new CounterSum(), auditLog: new AuditLogWatch(this.#limits), heardMs: performance.now() },
      ...{
        heard: false,
        silentSinceMs: undefined,
        backlogMs: Number.NEGATIVE_INFINITY,
        clockAway: false,
        missed: "",
        throttled: [],
        tampering: new TamperWatch(),
        told: new Map(),
      },
    };
    this.#nodes.set(key, made);
    return made;
  }

  /** A node that an earlier run of the hub knew: it is expected to speak. */
  known(account: NodeAccount, lastSeenUs: number): void {
    const node = this.#node(account.of);
    const { collector, publisher } = account;
    this.#seed(node.collector, collector.lost(), collector.current?.saidUs);
    this.#seed(node.publisher, publisher.lost(), publisher.current?.saidUs);
    if (lastSeenUs < Date.now() * 1_000 - this.#limits.silentForgottenUs) node.silentSinceMs = performance.now();
  }

  #seed(watch: LossWatch, lost: CounterSum, saidUs: number | undefined): void {
    // As if long after its start: what was lost before is known already.
    if (saidUs !== undefined) watch.heard(lost, saidUs, 0, performance.now());
  }

  collectorSaid(account: NodeAccount, saidUs: number, report: SensorReport): void {
    const node = this.#node(account.of);
    const nowMs = performance.now();
    node.collector.heard(account.collector.lost(), saidUs, report.started_us, nowMs);
    if (node.auditLog.heard(report.audit_log, nowMs)) this.#readAgain(node, report);
    this.#lookAtHeartbeat(node, report.heartbeat?.missed ?? []);
    node.throttled = report.throttled ?? [];
    for (const { what, objects, count } of node.tampering.heard(report)) {
      const named = `${objects.slice(0, 3).join(", ")}${objects.length > 3 ? ` and ${objects.length - 3} more` : ""}`;
      const message = `Somebody tampered with the sensor of ${account.of.node}: ${what} ${named}. It was put right.`;
      this.desk.tell({ of: node.of, activity: "tampered", reason: what, object: named, count, message });
    }
    node.heardMs = nowMs;
    node.heard = true;
    if (node.silentSinceMs === undefined) return;
    const text = `Heard again after ${durationText((nowMs - node.silentSinceMs) * 1_000)}.`;
    node.silentSinceMs = undefined;
    this.desk.recovered(node.of, "silent", text);
  }

  /** What the sensor did not see of what it did itself, twice in a row. */
  #lookAtHeartbeat(node: Node, sights: readonly string[]): void {
    const { of } = node;
    const missed = [...sights].sort().join(", ");
    if (missed === node.missed) return;
    node.missed = missed;
    if (missed === "") {
      this.desk.recovered(of, "heartbeat", "The sensor sees its own heartbeat again.");
      return;
    }
    const message = `The sensor of ${of.node} runs, and does not see what it does itself: ${missed}`;
    this.desk.tell({ of, activity: "heartbeat", reason: "not_seen", object: missed, message });
  }

  #readAgain({ of }: Node, { audit_log }: SensorReport): void {
    const is = audit_log === undefined ? "The node is not told to read it any more." : "It is read again.";
    this.desk.recovered(of, "unread", is);
  }

  publisherSaid(account: NodeAccount, { publisher }: SyncRequest, clockUs: number, jumpedUs: number): void {
    const node = this.#node(account.of);
    const nowMs = performance.now();
    node.publisher.heard(account.publisher.lost(), publisher.now_us, publisher.started_us, nowMs);
    const { oldest_us } = publisher.spool;
    if (oldest_us !== null && publisher.now_us - oldest_us > this.#limits.backlogUs) node.backlogMs = nowMs;
    if (!this.#clock.jumpedWithin(this.#limits.clockGraceMs, nowMs)) this.#lookAtClock(node, clockUs, jumpedUs);
  }

  /** The hub could not read what was sent. Of an API server's webhook, `node` is empty. */
  hubLost(of: NodeKey, lost: LedgerCounter): void {
    const node = this.#node(of);
    node.hubLost.add(lost);
    const nowUs = Date.now() * 1_000;
    node.hub.heard(node.hubLost, nowUs, nowUs, performance.now());
  }

  #lookAtClock(node: Node, clockUs: number, jumpedUs: number): void {
    const { of } = node;
    const away = `${durationText(clockUs)} ${clockUs > 0 ? "ahead of" : "behind"} the hub's`;
    const isAway = Math.abs(clockUs) > this.#limits.clockAwayUs;
    if (Math.abs(jumpedUs) > this.#limits.clockJumpUs) {
      const message = `The clock of ${of.node} jumped by ${durationText(jumpedUs)} and is ${away}`;
      this.desk.tell({ of, activity: "clock", reason: "jumped", durationUs: jumpedUs, message });
    } else if (isAway && !node.clockAway) {
      const message = `The clock of ${of.node} is ${away}`;
      this.desk.tell({ of, activity: "clock", reason: "away", durationUs: clockUs, message });
    }
    if (isAway) node.clockAway = true;
    else if (node.clockAway && Math.abs(clockUs) < this.#limits.clockAwayUs / 2) {
      node.clockAway = false;
      this.desk.recovered(of, "clock", "The clock agrees with the hub's again.");
    }
  }

  /** The node refused a desired state. */
  refused(of: NodeKey, reason: string): void {
    const message = `${of.node} refused a desired state: ${reason}`;
    this.#repeated(of, "refused", reason, (count) => ({ activity: "refused", reason, count, message }));
  }

  /** Something named another node, cluster or workspace than its proof. `object` is what it named wrongly. */
  mismatched(of: NodeKey, reason: string, object: string): void {
    const message = `${of.node}: ${reason}`;
    this.#repeated(of, "identity", reason, (count) => ({ activity: "identity", reason, object, count, message }));
  }

  /** The same again and again is one piece of news with a count. */
  #repeated(
    of: NodeKey,
    kind: string,
    reason: string,
    news: (count: number) => Omit<Parameters<NewsDesk["tell"]>[0], "of">,
  ): void {
    const { told } = this.#node(of);
    const key = `${kind}\n${reason}`;
    const nowMs = performance.now();
    const last = told.get(key);
    if (last !== undefined && nowMs - last.atMs < this.#limits.repeatMs) {
      last.more += 1;
      return;
    }
    if (told.size >= this.#limits.lossKindsMax) told.clear();
    told.set(key, { atMs: nowMs, more: 0 });
    this.desk.tell({ of, ...news(1 + (last?.more ?? 0)) });
  }

  /** Once a second. */
  tick(): void {
    const nowMs = performance.now();
    const jumpedUs = this.#clock.look(Date.now(), nowMs);
    if (jumpedUs !== 0) {
      const message = `The hub's own clock was set ${durationText(jumpedUs)} ${jumpedUs > 0 ? "ahead" : "back"}`;
      this.desk.tell({ of: this.#options.hub, activity: "clock", reason: "hub", durationUs: jumpedUs, message });
    }
    for (const node of this.#nodes.values()) {
      this.#lookAtLoss(node, nowMs);
      this.#lookAtSilence(node, nowMs);
      this.#lookAtAuditLog(node, nowMs);
    }
    this.desk.tick();
  }

  #lookAtLoss({ of, collector, publisher, hub, throttled }: Node, nowMs: number): void {
    for (const loss of [...collector.take(nowMs), ...publisher.take(nowMs), ...hub.take(nowMs)]) {
      const { class: object, reason, count, durationUs } = loss;
      const why = `${reason.replaceAll("_", " ")}, ${countText(count)} ${object} events`;
      const message =
        of.node === ""
          ? `Records that the API server of ${of.cluster} sent could not be read: ${why}`
          : `Blind for ${durationText(durationUs)} on ${of.node}: ${why}${reason === "throttled" ? byWhom(throttled, object) : ""}`;
      this.desk.tell({ of, activity: "blind", reason, object, count, durationUs, message });
    }
  }

  #lookAtAuditLog({ of, auditLog, silentSinceMs }: Node, nowMs: number): void {
    // Of a sensor that says nothing it is not known: its silence is told of.
    if (silentSinceMs !== undefined || this.#options.isRevoked(of)) return;
    const unread = auditLog.take(nowMs);
    if (unread === undefined) return;
    const { reason, durationUs } = unread;
    const message = `The audit log of ${of.node} was not read for ${durationText(durationUs)}: ${whyUnread(reason)}`;
    this.desk.tell({ of, activity: "unread", reason, durationUs, message });
  }

  #lookAtSilence(node: Node, nowMs: number): void {
    // An API server that is asked nothing posts nothing.
    if (node.silentSinceMs !== undefined || node.of.node === "") return;
    const patienceMs = node.heard ? this.#limits.silentMs : this.#limits.startGraceMs;
    const quietMs = nowMs - node.heardMs;
    if (quietMs < patienceMs || this.#options.isRevoked(node.of)) return;
    // Its publisher speaks, and what waits there is old: the sensor's reports are among it.
    if (nowMs - node.backlogMs < this.#limits.silentMs) return;
    node.silentSinceMs = node.heardMs;
    const { of } = node;
    const durationUs = Math.round(quietMs * 1_000);
    const message = `Nothing was heard of ${of.node} for ${durationText(durationUs)}`;
    const reason = node.heard ? "stopped" : "not_back";
    this.desk.tell({ of, activity: "silent", reason, durationUs, message });
  }

  close(): void {
    this.desk.close();
  }
}
