// Records as the kernel side gives them, made by hand, and a source that hands them out.
import type { FilterPlan } from "@atalaya/wire";
import type { Container } from "../src/containers.ts";
import type {
  CallRecord,
  CgroupRecord,
  ChangeRecord,
  ConnectRecord,
  DnsAnswerRecord,
  ExecRecord,
  ExitRecord,
  ForkRecord,
  KernelRecord,
  OpenRecord,
  Task,
} from "../src/kernel-record.ts";
import type { KernelSource, Tampered, ThrottledGroup } from "../src/kernel-source.ts";

let position = 0;
let bootUs = 1_000_000;

export function task(given: Partial<Task> & { pid: number }): Task {
  return {
    tid: given.pid,
    startUs: given.pid * 1_000,
    ppid: 1,
    parentStartUs: 1_000,
    nsPid: given.pid,
    sessionId: given.pid,
    tty: 0,
    uid: 0,
    gid: 0,
    euid: 0,
    loginUid: 4_294_967_295,
    capEffective: 0,
    mntNs: 1,
    pidNs: 1,
    netNs: 1,
    cgroupIdV2: 1,
    cgroupIdV1: 0,
    comm: "task",
    ...given,
  };
}

/** A container of which no more is known than its id. */
export function containerOf(id: string | null): Container {
  const nothing = { runtime: null, name: null, image: null, privileged: null, namespace: null, pod: null };
  return { id, ...nothing, podUid: null, bundle: null, mounts: null, reason: null, rootFolder: null, cgroup: null };
}

function base(of: Task, ring: "lifecycle" | "bulk") {
  position += 64;
  bootUs += 10;
  return { position, ring, bootUs, task: of };
}

export function fork(
  of: Task,
  maker: Pick<Task, "pid" | "startUs"> = { pid: of.ppid, startUs: of.parentStartUs },
): ForkRecord {
  return { ...base(of, "lifecycle"), kind: "fork", makerPid: maker.pid, makerStartUs: maker.startUs };
}

export function exit(of: Task): ExitRecord {
  return { ...base(of, "lifecycle"), kind: "exit", exitCode: 0, exitSignal: 0 };
}

export function call(of: Task, name: CallRecord["call"], text?: string, given: readonly number[] = []): CallRecord {
  return { ...base(of, "bulk"), kind: "call", call: name, arguments: given, result: 0, text };
}

export function exec(of: Task, argv: string[], given: Partial<ExecRecord> = {}): ExecRecord {
  const path = argv[0] ?? "";
  return {
    ...base(of, "lifecycle"),
    kind: "exec",
    filename: path,
    interpreter: path,
    exePath: path,
    cwd: "/",
    argv,
    argc: argv.length,
    argsBytesTotal: argv.join(" ").length + 1,
    argsTruncated: false,
    exeInode: 1,
    exeDevice: 1,
    exeMode: 0o755,
    exeUpperLayer: false,
    exeMemfd: false,
    exeDeleted: false,
    capPermitted: 0,
    nsPgid: of.nsPid,
    exeOverlay: true,
    exeVolume: false,
    lower: null,
    ...given,
  };
}

/** What the task iterator says of a process that runs now. */
export function running(of: Task, argv: string[]): ExecRecord {
  return { ...exec(of, argv), kind: "snapshot" };
}

export function open(of: Task, path: string): OpenRecord {
  const rest = {
    openFlags: 0,
    created: false,
    fileMode: 0o644,
    inode: 1,
    device: 1,
    upperLayer: false,
    error: 0,
    pathTrusted: true,
    viaIoUring: false,
  };
  return { ...base(of, "bulk"), kind: "open", path, ...rest };
}

export function change(of: Task, what: ChangeRecord["change"], path: string): ChangeRecord {
  const rest = { otherPath: undefined, mode: undefined, changeFlags: undefined, error: 0, inode: 0, device: 0 };
  return { ...base(of, "bulk"), kind: "change", change: what, path, ...rest, pathTrusted: false };
}

export function connect(of: Task, dstIp: string, dstPort: number): ConnectRecord {
  return { ...base(of, "bulk"), kind: "connect", protocol: "tcp", srcIp: "0.0.0.0", srcPort: 0, dstIp, dstPort };
}

export function dnsAnswer(of: Task, name: string, answers: readonly string[]): DnsAnswerRecord {
  const server = { dstIp: "10.96.0.10", dstPort: 53, protocol: "udp" } as const;
  return { ...base(of, "bulk"), kind: "dns_answer", name, type: 1, answers, seconds: 60, ...server };
}

export function cgroupMade(by: Task, cgroupId: number, path: string, version: 1 | 2 = 2): CgroupRecord {
  return { ...base(by, "lifecycle"), kind: "cgroup_mkdir", cgroupId, path, version };
}

/** A kernel side that gives what was put into it, and remembers what it was told. */
export class HandMadeSource implements KernelSource {
  ringId = "0123456789abcdef";
  adopted = false;
  gapUs = 0;
  earlier: KernelSource["earlier"];
  account: Buffer | undefined;

  tampered: Tampered = { detached: [], unpinned: [] };

  nameOwnTask(): void {}

  #wait: NodeJS.Timeout | undefined;

  /** Whatever lies there: a wait may end early. */
  whenFilled(everyMs: number, _atMostMs: number, then: () => void): void {
    clearTimeout(this.#wait);
    this.#wait = setTimeout(then, everyMs).unref();
  }

  lookAfter(): Tampered {
    return this.tampered;
  }

  throttledGroups: ThrottledGroup[] = [];

  throttled(): ThrottledGroup[] {
    return this.throttledGroups;
  }

  readAccount(): Buffer | undefined {
    return this.account;
  }

  writeAccount(bytes: Uint8Array): void {
    if (this.closed) throw new Error("account: No such file or directory");
    this.account = Buffer.from(bytes);
  }

  unpin(): void {}

  readonly programs = [{ name: "made_by_hand", loaded: true, attached: true }];
  readonly layoutHash = "0123456789abcdef";
  readonly waiting: Record<"lifecycle" | "bulk", KernelRecord[]> = { lifecycle: [], bulk: [] };
  readonly released: { ring: string; position: number }[] = [];
  readonly running: KernelRecord[] = [];
  readonly next = { lifecycle: 0, bulk: 0 };
  plan: FilterPlan | undefined;
  closed = false;

  put(...records: KernelRecord[]): void {
    for (const record of records) this.waiting[record.ring].push(record);
  }

  drain(ring: "lifecycle" | "bulk") {
    const records = this.waiting[ring];
    this.waiting[ring] = [];
    const last = records.at(-1);
    if (last !== undefined) this.next[ring] = last.position + 64;
    return { records, next: this.next[ring], undecodable: [], isCut: false };
  }

  release(ring: "lifecycle" | "bulk", at: number): void {
    this.released.push({ ring, position: at });
  }

  snapshot(): KernelRecord[] {
    return this.running;
  }

  counters() {
    return [{ class: "process", reason: "attempted", value: 1 }];
  }

  rings() {
    return [];
  }

  readonly missed = { kept: [], goOn() {} };
  readonly recorded = { add: () => true, remove() {} };
  readonly owners = { set: () => true, forget() {}, clear() {}, areStraysLost: false };
  readonly enforced = { isPossible: true, add: () => true, remove() {}, renew() {}, release() {} };

  /** How many more steps it takes to load the programs of a plan. */
  stepsToPrepare = 0;

  prepare(): boolean {
    this.stepsToPrepare -= 1;
    return this.stepsToPrepare < 0;
  }

  takeOff(): boolean {
    return true;
  }

  setFilterPlan(plan: FilterPlan): void {
    this.plan = plan;
  }

  close(): void {
    this.closed = true;
  }
}
