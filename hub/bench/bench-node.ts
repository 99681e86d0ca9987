import { once } from "node:events";
import { type Agent, request } from "node:https";
import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";
import {
  type AtalayaEvent,
  blankEvent,
  type EventClass,
  EventEncoder,
  encodeFrame,
  type SyscallEvent,
} from "@atalaya/wire";

const compress = promisify(zstdCompress);
const bootId = "00112233445566778899aabbccddeeff";
/** As a publisher's. */
const pauseMs = { lifecycle: 150, bulk: 250 } as const;
/** What one request holds at most, as a publisher's. */
const eventsAtOnceMax = 4_000;

export type NodeFigures = { acknowledged: number; refused: number; failed: number; waitsMs: number[] };

let serial = 0;

/** A busy node's mix: of ten events five are of process life, three of files, two of the network. */
function madeEvent(container: string): SyscallEvent {
  serial += 1;
  const kind = serial % 10;
  const nowUs = Date.now() * 1_000;
  const pid = 10_000 + (serial >> 2);
  const actor = {
    ...{ time_us: nowUs, position: serial * 256, pid, tid: pid, start_us: pid * 1_000, exec_us: pid * 1_000 },
    ...{ ppid: 900, parent_start_us: 77_000, uid: 33, euid: 33, login_uid: 4_294_967_295, user_name: "www-data" },
    ...{ name: "app", exe_path: "/usr/bin/app", cwd: "/var/www", argv: ["app", "--flag", `value-${serial % 1_000}`] },
    ...{ ancestor_pids: [900, 1], ancestor_starts_us: [77_000, 1], ancestor_names: ["server", "containerd-shim"] },
    ancestor_exe_paths: ["/usr/local/bin/server", "/usr/bin/containerd-shim-runc-v2"],
    ancestor_cmdlines: ["server --serve", "containerd-shim-runc-v2 -namespace k8s.io"],
    ...{ container_id: container, container_name: "app", k8s_namespace: "shop", k8s_pod: "app-1" },
    ...{ exe_upper_layer: false, exe_memfd: false, exe_deleted: false, from_snapshot: false },
  };
  if (kind < 2) return { ...blankEvent("process"), ...actor, activity: "fork" };
  if (kind < 4) return { ...blankEvent("process"), ...actor, activity: "exec", filename: "/usr/bin/app", argc: 3 };
  if (kind < 5) return { ...blankEvent("process"), ...actor, activity: "exit", exit_code: 0 };
  if (kind < 8) return { ...blankEvent("file"), ...actor, activity: "open", path: "/var/lib/app/data", open_flags: 0 };
  return {
    ...blankEvent("network"),
    ...actor,
    activity: "connect",
    protocol: "tcp",
    dst_ip: "10.0.0.7",
    dst_port: 443,
  };
}

/** A miner in a container of its own: an alert of its own. */
function attackEvent(container: string): SyscallEvent {
  const event = {
    ...blankEvent("process"),
    ...madeEvent(container),
    class: "process",
    activity: "exec",
  } as SyscallEvent;
  return { ...event, name: "xmrig", exe_path: "/tmp/xmrig", argv: ["xmrig", "-o", "stratum+tcp://pool.example:3333"] };
}

/** One node's publisher, as the hub sees it: events wait, and go in two lanes, each a request at a time. */
export class BenchNode {
  readonly name: string;
  readonly #url: string;
  readonly #agent: Agent;
  readonly #lanes: Record<"lifecycle" | "bulk", SyscallEvent[]> = { lifecycle: [], bulk: [] };
  readonly figures: NodeFigures = { acknowledged: 0, refused: 0, failed: 0, waitsMs: [] };
  offered = 0;
  /** How often each request is sent at the same time: more than once by a sender that does not wait for its answer. */
  copies = 1;
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(name: string, url: string, agent: Agent) {
    this.name = name;
    this.#url = url;
    this.#agent = agent;
  }

  offer(count: number): void {
    for (let i = 0; i < count; i++) this.#add(madeEvent(this.name.padEnd(64, "0")));
  }

  attack(container: string): void {
    this.#add(attackEvent(container));
  }

  #add(event: SyscallEvent): void {
    this.offered += 1;
    this.#lanes[event.class === "process" ? "lifecycle" : "bulk"].push(event);
  }

  start(): void {
    this.#running = Promise.all([this.#run("lifecycle"), this.#run("bulk")]);
  }

  /** Resolves when everything that was offered is acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  async #run(lane: "lifecycle" | "bulk"): Promise<void> {
    const events = this.#lanes[lane];
    // Nodes are not in step.
    await new Promise((done) => setTimeout(done, Math.random() * pauseMs[lane]));
    while (!this.#stopped || events.length > 0) {
      const started = performance.now();
      const some = events.splice(0, eventsAtOnceMax);
      if (some.length > 0) await this.#deliver(some);
      const left = pauseMs[lane] - (performance.now() - started);
      if (left > 0) await new Promise((done) => setTimeout(done, left));
    }
  }

  async #deliver(events: readonly SyscallEvent[]): Promise<void> {
    const frames = [...Map.groupBy(events, (event) => event.class)].map(([name, some]) => this.#frame(name, some));
    const body = await compress(Buffer.concat(frames), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    for (;;) {
      const sent = performance.now();
      const answers = await Promise.all(Array.from({ length: this.copies }, () => this.#post(body)));
      for (const { status } of answers) {
        if (status === 429) this.figures.refused += 1;
        else if (status !== 200) this.figures.failed += 1;
      }
      if (answers.some(({ status }) => status === 200)) {
        this.figures.waitsMs.push(performance.now() - sent);
        this.figures.acknowledged += events.length;
        return;
      }
      const retryAfterMs = Math.max(...answers.map((answer) => answer.retryAfterMs));
      await new Promise((done) => setTimeout(done, retryAfterMs));
    }
  }

  async #post(body: Buffer): Promise<{ status: number; retryAfterMs: number }> {
    try {
      const sent = request(`${this.#url}/v1/ingest`, { method: "POST", agent: this.#agent }).end(body);
      const [answer] = await once(sent, "response");
      for await (const _ of answer);
      return { status: answer.statusCode, retryAfterMs: Number(answer.headers["retry-after"] ?? 1) * 1_000 };
    } catch {
      return { status: 0, retryAfterMs: 500 };
    }
  }

  #frame(name: EventClass, events: readonly SyscallEvent[]): Buffer {
    const encoder = new EventEncoder();
    for (const event of events) encoder.add(event as AtalayaEvent);
    const [first, last] = [events[0], events.at(-1)];
    return encodeFrame(
      {
        ...{ class: name, ring: name === "process" ? 0 : 1, eventCount: events.length, bootId },
        ...{ firstPosition: first?.position ?? 0, lastPosition: last?.position ?? 0 },
        ...{ firstTimeUs: first?.time_us ?? 0, lastTimeUs: last?.time_us ?? 0, layoutHash: "0123456789abcdef" },
        ...{ node: this.name, cluster: "bench", containerId: "", workspace: "" },
      },
      encoder.bytes(),
    );
  }
}
