import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import {
  type CollectorReason,
  type DesiredState,
  Fault,
  type PartMessage,
  recorderPolicyOf,
  type SignedState,
} from "@atalaya/wire";
import { type CollectorArguments, help, readCollectorArguments } from "./arguments.ts";
import { AuditLogPart } from "./audit-log/audit-log-part.ts";
import { bootIdOfMachine } from "./boot-id.ts";
import { loadAddon } from "./kernel/addon.ts";
import { leave } from "./leave.ts";
import { collectorLimits } from "./limits.ts";
import { choosePinFolder } from "./pin-folder.ts";
import { type LinkListener, PublisherLink } from "./publisher-link.ts";
import { shareFolder } from "./shared-folder.ts";
import type { StateInForce } from "./state-in-force.ts";
import { claimedVersion, StateKeeper } from "./state-keeper.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** The main thread: starts the sensor's thread and carries its frames to the publisher, or its lines to the terminal. */
class Collector {
  readonly #worker: Worker | undefined;
  readonly #keeper: StateKeeper;
  readonly #unpinAtEnd: boolean;
  readonly #isPinned: boolean;
  readonly #link: PublisherLink | undefined;
  readonly #given: CollectorArguments;
  #auditLog: AuditLogPart | undefined;
  #linesWritten = 0;
  #stopping = false;
  #drained = false;
  #unpin = false;
  #saidLast = false;

  constructor(given: CollectorArguments) {
    this.#given = given;
    const notes: CollectorReason[] = [];
    const note = (reason: CollectorReason) => {
      if (this.#worker === undefined) notes.push(reason);
      else this.#tell({ type: "note", reason });
    };
    const { node, cluster } = given.worker;
    this.#keeper = new StateKeeper({ folder: given.stateFolder, caFile: given.caFile, cluster, node, note, log });
    this.#unpinAtEnd = given.unpinAtEnd;
    this.#isPinned = given.worker.pinFolder !== null;
    const state = given.socket === undefined ? undefined : this.#keeper.load();
    this.#worker = new Worker(workerFile(), {
      workerData: { ...given.worker, state: state === undefined ? null : inForce(state), notes },
    });
    this.#link = given.socket === undefined ? undefined : new PublisherLink(given.socket, this.#listener());
    this.#worker.on("message", (message: FromWorker) => this.#receive(message));
    this.#worker.on("error", (error) => this.#crashed(error));
    this.#worker.on("exit", () => this.#ended());
  }

  #listener(): LinkListener {
    return {
      acknowledged: (parcels) => this.#acknowledged(parcels),
      filters: (plan) => {
        // Unsigned: only until a hub has ever signed one for this node.
        if (!this.#keeper.refusesUnsigned) this.#tell({ type: "filters", plan });
      },
      state: (signed) => this.#takeState(signed),
      resume: (resume) => this.#tell({ type: "resume", resume }),
      met: (descriptor) => {
        const pid = peerOf(this.#given.worker.objectFolder, descriptor);
        if (pid > 0) this.#tell({ type: "publisher", pid });
      },
      log,
    };
  }

  #takeState(signed: SignedState): void {
    const state = this.#keeper.take(signed);
    if (state.ok) {
      this.#tell({ type: "state", state: inForce(state.value) });
      return;
    }
    log(`a state was refused: ${state.reason}`);
    this.#link?.confirm({ version: claimedVersion(signed), refused: state.reason });
  }

  #applied(version: number, problem: string | undefined): void {
    if (problem !== undefined) log(`state ${version} could not be put in force: ${problem}`);
    this.#link?.confirm(problem === undefined ? { version } : { version, refused: problem.slice(0, 512) });
  }

  /**
   * Hands on what is left and ends, within two seconds. What is pinned watches on for the next collector, unless this
   * is the end of the watch.
   */
  stop(isEnd: boolean): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#unpin = isEnd && this.#unpinAtEnd;
    if (this.#isPinned && !this.#unpin && process.send === undefined)
      log("the kernel watches on for the next collector; to end that: atalaya uninstall");
    const auditLogStopped = this.#auditLog?.stop() ?? Promise.resolve();
    void auditLogStopped.then(() => this.#tell({ type: "drain" }));
    setTimeout(() => {
      if (this.#link !== undefined && this.#link.waiting > 0)
        log(`${this.#link.waiting} frames were not acknowledged in time; the publisher does not answer`);
      if (!this.#unpin) process.exit(0);
      this.#tell({ type: "close", unpin: true });
      setTimeout(() => process.exit(0), collectorLimits.unpinPatienceMs).unref();
    }, collectorLimits.stopPatienceMs).unref();
  }

  #receive(message: FromWorker): void {
    if (message.type === "frames") for (const frame of message.frames) this.#link?.send(frame);
    else if (message.type === "recorded") this.#record(message.frames);
    else if (message.type === "lines") this.#print(message.text);
    else if (message.type === "stopped") this.#afterDrain();
    else if (message.type === "ready") this.#ready(message);
    else if (message.type === "said") log(message.line);
    else if (message.type === "applied") this.#applied(message.version, message.problem);
    else {
      fail(message.code, message.message);
      this.#end();
    }
  }

  #record(frames: readonly Uint8Array[]): void {
    for (const frame of frames)
      if (this.#link?.record(frame) === false) this.#tell({ type: "note", reason: "recorder_unsent" });
  }

  #ready({ detail, continues, epoch }: Extract<FromWorker, { type: "ready" }>): void {
    if (continues) this.#link?.continues();
    this.#startAuditLog(epoch);
    if (process.send === undefined) log(detail);
    tellStarter({ type: "ready", part: "collector", detail });
  }

  /** Its account goes into the sensor's reports, under their epoch. */
  #startAuditLog(epoch: string): void {
    const { auditLog: path, socket, stateFolder, worker } = this.#given;
    if (path === undefined || socket === undefined || stateFolder === undefined || this.#stopping) return;
    const { node, cluster } = worker;
    const options = { path, socket, stateFolder, node, cluster, bootId: bootIdOfMachine(), epoch };
    this.#auditLog = new AuditLogPart(options, {
      counters: (counters) => this.#tell({ type: "counters", counters }),
      state: (state) => this.#tell({ type: "audit_log", state }),
      failed: () => this.#tell({ type: "note", reason: "audit_log_failed" }),
      log,
    });
  }

  #print(text: string): void {
    process.stdout.write(text, (error) => {
      if (error) return;
      this.#linesWritten += 1;
      this.#acknowledged(this.#linesWritten);
    });
  }

  #acknowledged(parcels: number): void {
    this.#tell({ type: "acknowledged", parcels });
    if (this.#drained) this.#afterDrain();
  }

  /** Events first; when the publisher has them, a report that says so; then the end. */
  #afterDrain(): void {
    this.#drained = true;
    if (this.#link !== undefined && this.#link.waiting > 0) return;
    if (this.#link === undefined || this.#saidLast) {
      this.#tell({ type: "close", unpin: this.#unpin });
      return;
    }
    this.#saidLast = true;
    this.#drained = false;
    this.#tell({ type: "report", final: this.#unpin });
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #crashed(error: unknown): void {
    process.exitCode = 1;
    log(`the sensor's thread failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.#end();
  }

  /** The thread has ended: on our word, or after it said why. */
  #ended(): void {
    this.#end();
  }

  #end(): void {
    this.#link?.close();
    if (process.connected) process.disconnect();
    void this.#worker?.terminate().then(() => process.exit());
  }
}

/** Who is at the other end of a socket; 0 where that cannot be known. Without the addon the sensor's thread says what is missing. */
function peerOf(objectFolder: string, descriptor: number): number {
  try {
    return loadAddon(objectFolder).peerOf(descriptor);
  } catch {
    return 0;
  }
}

/** What the sensor's thread needs of a state. What is not understood says nothing; the keeper has told of it. */
function inForce({ version, workspace, filters, recorder, drift, pod_labels: podLabels }: DesiredState): StateInForce {
  const state: StateInForce = { version, workspace, filters, ...(drift && { drift }) };
  if (recorder && recorder !== "not_understood") state.recorder = recorderPolicyOf(recorder);
  if (podLabels && podLabels !== "not_understood") state.podLabels = podLabels;
  return state;
}

function workerFile(): URL {
  // In a package the files are JavaScript, in development TypeScript.
  return new URL(import.meta.url.endsWith(".ts") ? "./worker-thread.ts" : "./worker-thread.js", import.meta.url);
}

/** Nothing else fails by it: events come all the same, and each says why its container has no name. */
function warnOfUnseenHost(hostRoot: string): void {
  try {
    if (hostRoot !== "") statSync(`${hostRoot}/`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log(`the host's files are not seen below ${hostRoot} (${why}): containers have ids, but no names, and no images`);
  }
}

function pinFolderOf(wanted: string | null): string | null {
  if (wanted === null) return null;
  const { folder, why } = choosePinFolder(wanted);
  if (why !== undefined) log(why);
  return folder;
}

function tellStarter(message: PartMessage): void {
  process.send?.(message);
}

function fail(code: string, message: string): void {
  process.exitCode = code === "USAGE" ? 2 : 1;
  if (process.send === undefined) log(message);
  tellStarter({ type: "failed", part: "collector", code, message });
}

function log(line: string): void {
  process.stderr.write(`collector: ${line}\n`);
}

function main(): void {
  const given = readCollectorArguments(process.argv.slice(2));
  if (given.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  if (given.leave) {
    leaveForGood(given);
    return;
  }
  warnOfUnseenHost(given.worker.hostRoot);
  for (const folder of given.shared.folders) shareFolder(folder, given.shared.group);
  // Whoever reads our lines may stop at any time: that is the end, not an error.
  process.stdout.on("error", () => process.exit(0));
  const pinFolder = pinFolderOf(given.pin);
  const collector = new Collector({ ...given, worker: { ...given.worker, pinFolder } });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => collector.stop(true));
  // Whoever started us is gone without a word: the watch goes on for the one that comes next.
  process.on("disconnect", () => collector.stop(false));
}

/** Nothing to hand on, nothing to keep: SIGTERM ends it at once. */
function leaveForGood({ pin, shared, stateFolder, worker }: CollectorArguments): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => process.exit(0));
  const { hostRoot, healthFile } = worker;
  const things = { pinFolder: pin ?? undefined, stateFolder, sharedFolders: shared.folders, hostRoot, healthFile };
  leave(things, log).catch((error: unknown) => {
    fail("SENSOR_UNAVAILABLE", error instanceof Error ? error.message : String(error));
    process.exit();
  });
}

try {
  main();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  fail(error.code, error.message);
  if (process.connected) process.disconnect();
}
