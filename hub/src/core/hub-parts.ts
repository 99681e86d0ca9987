import { Fault, type Sensor, type SyncRequest, sideOf } from "@atalaya/wire";
import { BackupMaker, removeLeftovers } from "../backup/make-backup.ts";
import { SensorHealth } from "../health/sensor-health.ts";
import { AccountTable } from "../ledger/account-table.ts";
import type { NodeKey } from "../ledger/node-account.ts";
import { LiveListeners } from "../live/live-listeners.ts";
import { EvaluatorPool } from "../pipeline/evaluator-pool.ts";
import { InFlight } from "../pipeline/in-flight.ts";
import { Ingest } from "../pipeline/ingest.ts";
import type { FromEvaluator } from "../pipeline/messages.ts";
import { RecorderPulls } from "../recorder/recorder-pulls.ts";
import { defaultWorkspace } from "../server/workspace.ts";
import { DesiredStates } from "../state/desired-states.ts";
import { NodeSyncs } from "../state/node-syncs.ts";
import { PodLabelTable } from "../state/pod-labels.ts";
import { ReaderPool } from "../store/reader-pool.ts";
import { WriterClient } from "../store/writer-client.ts";
import type { FromWriter, StoredState } from "../store/writer-messages.ts";
import { DiskRoom } from "./disk-room.ts";
import { HubMetrics } from "./hub-metrics.ts";
import { pipelineLimits, storeLimits } from "./limits.ts";
import type { HubCoreOptions } from "./open-hub-core.ts";
import { PoliciesInForce } from "./policies-in-force.ts";
import { Rate, RecentP99 } from "./rates.ts";
import { Retention } from "./retention.ts";
import { RuleBook } from "./rule-book.ts";
import { SensorTable } from "./sensor-table.ts";
import { unpackFault } from "./thread-fault.ts";
import { watchFigures } from "./watch-figures.ts";

type Workspace = {
  commitNo: number;
  eventsTotal: number;
  rate: Rate;
  behind: RecentP99;
  settings: Map<string, string>;
};
type CommittedMessage = Extract<FromWriter, { type: "committed" }>;

type Threads = { writer: WriterClient; state: StoredState; evaluators: EvaluatorPool; readers: ReaderPool };

/** Settings of the hub itself, not of a workspace. */
const hubItself = "";
const planSetting = "filter_plan";
const stateSetting = "desired_state";

/** The threads and what the API thread keeps in memory, wired together. */
export class HubParts {
  readonly options: HubCoreOptions;
  readonly startedUs = Date.now() * 1_000;
  readonly metrics = new HubMetrics();
  readonly live = new LiveListeners((on) => this.#evaluators.broadcast({ type: "live", on }));
  readonly #inFlight = new InFlight();
  readonly #workspaces = new Map<string, Workspace>();
  readonly #unlock: () => void;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #evaluators: EvaluatorPool;
  readonly writer: WriterClient;
  readonly readers: ReaderPool;
  readonly ingest: Ingest;
  readonly rules: RuleBook;
  readonly sensors: SensorTable;
  readonly accounts: AccountTable;
  readonly syncs: NodeSyncs;
  readonly states: DesiredStates;
  readonly podLabels: PodLabelTable;
  readonly policies: PoliciesInForce;
  readonly pulls: RecorderPulls;
  readonly room: DiskRoom;
  readonly health: SensorHealth;
  readonly backups: BackupMaker;
  readonly retention: Retention;
  #closing: Promise<void> | undefined;

  private constructor(options: HubCoreOptions, unlock: () => void, threads: Threads) {
    const { state } = threads;
    this.options = options;
    this.#unlock = unlock;
    this.writer = threads.writer;
    this.readers = threads.readers;
    this.#evaluators = threads.evaluators;
    this.#remember(state);
    this.#evaluators.start(this.writer, state.memory);
    this.ingest = new Ingest(this.#evaluators, this.#inFlight);
    this.sensors = new SensorTable(state.sensors, (workspaceId, sensor) =>
      this.live.sensor(workspaceId, this.withSync(workspaceId, sensor)),
    );
    this.accounts = new AccountTable(state.nodeAccounts, state.ledger);
    this.syncs = new NodeSyncs(state.nodeSyncs);
    this.states = new DesiredStates({
      caKey: options.caKey,
      syncs: this.syncs,
      stored: this.workspace(hubItself).settings.get(stateSetting),
      save: (value) => this.#putSetting(stateSetting, value),
      podLabels: (of) => this.podLabels.of(of),
    });
    this.podLabels = new PodLabelTable({
      read: (workspaceId, keys) => this.readers.ask("podLabels", { workspaceId, keys }),
      changed: (of) => this.states.podsChanged(of),
      told: (workspaceId, labels) => this.#evaluators.broadcast({ type: "pod_labels", workspaceId, labels }),
      failed: (error) => this.log("reading the labels of pods", error),
    });
    this.policies = new PoliciesInForce({
      podLabels: this.podLabels,
      states: this.states,
      evaluate: (workspaceId, policy) => this.#evaluators.broadcast({ type: "drift", workspaceId, policy }),
      save: (workspaceId, name, value) => this.writer.write("putSetting", { workspaceId, name, value }),
    });
    for (const [workspaceId, { settings }] of this.#workspaces) this.policies.start(workspaceId, settings);
    this.pulls = new RecorderPulls(state.asked, (of) => this.states.wake(of));
    removeLeftovers(options.dataFolder);
    this.backups = new BackupMaker(options.dataFolder, options.version);
    this.room = new DiskRoom(options.dataFolder, (line) => options.log?.(line));
    this.retention = new Retention({
      folder: options.dataFolder,
      keepDays: options.keepDays ?? storeLimits.keepDays,
      keepBytes: options.keepBytes ?? storeLimits.keepBytes,
      room: this.room,
      forget: (kind, beforeUs) => this.writer.write("forgetOld", { kind, beforeUs }),
      said: (line) => options.log?.(line),
    });
    this.health = this.#watchHealth(state);
    this.rules = new RuleBook({
      builtIn: options.builtIn ?? [],
      paths: options.ruleFiles,
      switchedOff: state.switchedOff,
      plan: this.workspace(hubItself).settings.get(planSetting),
      broadcast: (message) => this.#evaluators.broadcast(message),
      savePlan: (value) => this.#putSetting(planSetting, value),
      planned: (plan) => this.states.planned(plan),
    });
    watchFigures(this, this.#inFlight);
  }

  /** Opens store and threads; resolves when the rules are loaded. */
  static async open(options: HubCoreOptions, unlock: () => void): Promise<HubParts> {
    let parts: HubParts | undefined;
    const early = Promise.withResolvers<never>();
    // Whoever dies after the opening is dealt with by `broke`.
    early.promise.catch(() => undefined);
    const broken = (error: unknown) => (parts === undefined ? early.reject(error) : parts.broke(error));
    const said = (evaluator: number, message: FromEvaluator) => parts?.said(evaluator, message);
    const evaluators = new EvaluatorPool({ said, broken });
    const readers = new ReaderPool({ folder: options.dataFolder, broken });
    try {
      const opening = WriterClient.open(
        { folder: options.dataFolder, evaluators: evaluators.size },
        {
          committed: (message) => parts?.committed(message),
          failed: (requests, fault) => parts?.failed(requests, fault),
          broken,
        },
      );
      const { writer, state } = await Promise.race([opening, early.promise]);
      parts = new HubParts(options, unlock, { writer, state, evaluators, readers });
    } catch (error) {
      await Promise.all([evaluators.close(), readers.close()]);
      throw error;
    }
    await Promise.all([parts.rules.start(), parts.room.start(), parts.podLabels.readAll()]);
    parts.retention.start();
    parts.#start();
    return parts;
  }

  #remember(state: StoredState): void {
    for (const [workspaceId, commitNo, eventsTotal] of state.workspaces) {
      Object.assign(this.workspace(workspaceId), { commitNo, eventsTotal });
    }
    for (const [workspaceId, name, value] of state.settings) this.workspace(workspaceId).settings.set(name, value);
  }

  #start(): void {
    this.#timers.push(setInterval(() => this.#tick(), pipelineLimits.sensorTickMs).unref());
    this.#timers.push(setInterval(() => this.#saveSensors(), pipelineLimits.sensorSaveUs / 1_000).unref());
  }

  #tick(): void {
    this.sensors.tick();
    this.accounts.tick();
    this.health.tick();
    void this.podLabels.tick();
  }

  #watchHealth(state: StoredState): SensorHealth {
    const { cluster, node, health: limits = {} } = this.options;
    const health = new SensorHealth({
      limits,
      hub: { workspaceId: defaultWorkspace, cluster, node },
      isRevoked: (of) => this.syncs.of(of)?.revoked ?? false,
      make: (event, of) => this.ingest.made(event, { ...of, bootId: "" }),
      listen: (listener) => this.live.add(listener),
      comment: (workspaceId, alertId, text) =>
        this.writer.write("actOnAlert", {
          ...{ workspaceId, alertId, user: "atalaya" },
          action: { action: "comment", text },
        }),
      log: (what, error) => this.log(what, error),
    });
    for (const { workspace_id: workspaceId, cluster: of, node: name, last_seen_us } of state.sensors) {
      const account = this.accounts.of({ workspaceId, cluster: of, node: name });
      if (account !== undefined) health.known(account, last_seen_us);
    }
    return health;
  }

  #putSetting(name: string, value: string): void {
    this.#write(() => this.writer.write("putSetting", { workspaceId: hubItself, name, value }));
  }

  #saveSensors(): void {
    const rows = this.sensors.takeUnsaved();
    if (rows.length > 0) this.#write(() => this.writer.write("saveSensors", rows));
    this.#write(() => this.saveNodes());
  }

  /** Writes accounts and syncs that changed; resolves when they are on disk. */
  async saveNodes(): Promise<void> {
    const [accounts, syncs] = [this.accounts.takeUnsaved(), this.syncs.takeUnsaved()];
    const writes: Promise<unknown>[] = [];
    if (accounts.length > 0) writes.push(this.writer.write("saveNodeAccounts", accounts));
    if (syncs.length > 0) writes.push(this.writer.write("saveNodeSyncs", syncs));
    await Promise.all(writes);
  }

  /** A node was revoked, or came back: its desired state says so, to whoever waits for it at once. */
  setRevoked(of: NodeKey, revoked: boolean): void {
    this.states.setRevoked(of, revoked);
    this.#write(() => this.saveNodes());
  }

  /** What a node's publisher said. */
  synced(of: NodeKey, request: SyncRequest, arrivedUs: number): void {
    const account = this.accounts.publisherSaid(of, request.publisher);
    const { refused, jumpedUs } = this.syncs.said(of, request, arrivedUs);
    this.states.holds(of, request.holds);
    if (account === undefined) return;
    this.health.publisherSaid(account, request, request.publisher.now_us - arrivedUs, jumpedUs);
    if (refused !== undefined) this.health.refused(of, refused);
  }

  /** A sensor with what its publisher said. */
  withSync(workspaceId: string, sensor: Sensor): Sensor {
    const sync = this.syncs.of({ workspaceId, cluster: sensor.cluster, node: sensor.node });
    if (sync === undefined) return { ...sensor, publisher: null };
    const clock = sync.report === null ? {} : { clock_us: sync.clockUs };
    return { ...sensor, publisher: sync.report, revoked: sync.revoked, ...clock };
  }

  /** What nobody waits for: a failure is logged, and the next one writes anew. */
  #write(write: () => Promise<unknown>): void {
    write().catch((error) => this.log("writing the hub's own state", error));
  }

  log(what: string, error: unknown): void {
    this.options.log?.(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** The figures of a workspace; an unknown one has none yet. */
  workspace(workspaceId: string): Workspace {
    const known = this.#workspaces.get(workspaceId);
    if (known !== undefined) return known;
    const made: Workspace = {
      commitNo: 0,
      eventsTotal: 0,
      rate: new Rate(),
      behind: new RecentP99(),
      settings: new Map(),
    };
    this.#workspaces.set(workspaceId, made);
    return made;
  }

  said(evaluator: number, message: FromEvaluator): void {
    if (message.type === "refused") this.#inFlight.reject(message.request, unpackFault(message.fault));
    else if (message.type === "sensor") {
      const account = this.accounts.collectorSaid(message);
      if (account !== undefined) this.health.collectorSaid(account, message.timeUs, message.report);
      this.sensors.heard(message);
    } else if (message.type === "live") {
      this.metrics.liveNotShown(message.notShown);
      for (const event of message.events) this.live.event(message.workspaceId, message.node, event);
    } else if (message.type === "fault") this.log(message.what, message.detail);
    // Every evaluator loads the same rules; one tells of them.
    else if (evaluator !== 0) return;
    else if (message.type === "rules") this.rules.loaded(message);
    else this.rules.planned(message.plan);
  }

  /** Streams hear of a change before its sender does. */
  committed(message: CommittedMessage): void {
    this.metrics.committed(message);
    this.room.succeeded();
    for (const [workspaceId, commitNo, eventsTotal] of message.workspaces) {
      Object.assign(this.workspace(workspaceId), { commitNo, eventsTotal });
    }
    this.pulls.ask(message.asked);
    for (const change of message.changes) this.live.alert(change);
    const nowUs = Date.now() * 1_000;
    for (const batch of message.batches) {
      const workspace = this.workspace(batch.workspaceId);
      workspace.rate.add(batch.accepted);
      if (batch.newestUs > 0) workspace.behind.add(Math.max(0, nowUs - batch.newestUs));
      this.accounts.committed(batch, batch.ledger);
      for (const { node, class: name, reason, n } of batch.ledger) {
        if (name === "inventory") this.podLabels.touched(batch.workspaceId);
        if (reason === "committed" && name !== "made") this.sensors.counted(batch.workspaceId, batch.cluster, node, n);
        else if (sideOf("hub", reason) === "lost")
          this.health.hubLost({ ...batch, node }, { class: name, reason, value: n });
      }
      this.#inFlight.resolve(batch.request, { accepted: batch.accepted, duplicates: batch.duplicates });
    }
  }

  failed(requests: readonly number[], fault: Fault): void {
    this.metrics.failed();
    if (fault.code === "STORE_FULL") this.room.failed();
    else this.log("a commit failed", fault);
    for (const request of requests) this.#inFlight.reject(request, fault);
  }

  /** A thread ended by an error of ours: nothing more is acknowledged, and the process ends to be started again. */
  broke(error: unknown): void {
    if (this.#closing !== undefined) return;
    this.#inFlight.rejectAll(new Fault("STORE_UNREACHABLE", "A thread of the hub ended; the hub starts again."));
    setImmediate(() => {
      throw error;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.states.held.close();
    this.room.close();
    await this.retention.close();
    this.health.close();
    this.#saveSensors();
    await this.rules.close();
    await this.writer.close();
    this.#inFlight.rejectAll(new Fault("STORE_UNREACHABLE", "The hub is stopping; send again."));
    await Promise.all([this.#evaluators.close(), this.readers.close()]);
    this.#unlock();
  }
}
