import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RuleSet } from "@atalaya/rules";
import { type Container, execInContainer } from "@atalaya/simulator";
import { type AtalayaEvent, eventFromJson, Fault, type SyscallEvent } from "@atalaya/wire";

const program = fileURLToPath(new URL("../../collector/src/main.ts", import.meta.url));
const patienceMs = 20_000;
const linesKept = 20;

/** The sensor of this machine, printing the events of one container. Needs root and BPF. */
export class Sensor {
  readonly #child: ChildProcess;
  readonly #victim: Container;
  readonly #said: string[] = [];
  #events: SyscallEvent[] = [];
  #onEvent: (event: SyscallEvent) => void = () => {};

  private constructor(child: ChildProcess, victim: Container) {
    this.#child = child;
    this.#victim = victim;
    if (child.stdout === null || child.stderr === null) throw new Error("the sensor's output is piped");
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#said.push(line);
      if (this.#said.length > linesKept) this.#said.shift();
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.#read(line));
  }

  /** Starts the sensor with the names that the rules' plan asks for; resolves when it sees the kernel. */
  static async start(victim: Container, rules: RuleSet): Promise<Sensor> {
    const plan = rules.filterPlan();
    const names = [plan.open_names, plan.exec_names, plan.socket_names, plan.change_names].flat();
    const watched = [...new Set(names)].flatMap((name) => ["--watch", name]);
    const domains = plan.dns_domains.flatMap((domain) => ["--watch-domain", domain]);
    const calls = plan.calls.flatMap((call) => ["--watch-call", call]);
    const asked = [...watched, ...domains, ...calls];
    const args = ["--disable-warning=ExperimentalWarning", program, "--stdout", "--container", victim.id, ...asked];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    const sensor = new Sensor(child, victim);
    await sensor.#until("the start of the sensor", (done) => child.once("message", done));
    return sensor;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What the container's processes did while `work` went on: between two marks that the sensor has seen go by. */
  async during(work: () => Promise<void>): Promise<SyscallEvent[]> {
    await this.#mark();
    this.#events = [];
    await work();
    // The first mark may overtake a file event in the other ring; the drain that brings the second has brought it, too.
    const marks = [await this.#mark(), await this.#mark()];
    const events = this.#events;
    this.#events = [];
    return events.filter((event) => !marks.includes(event.pid ?? undefined));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((done) => this.#child.once("exit", done));
    this.#child.kill("SIGTERM");
    await ended;
  }

  /** A process that does nothing but carry an unmistakable argument. Events come in the order of their time. */
  async #mark(): Promise<number | undefined> {
    const word = `mark-${randomBytes(6).toString("hex")}`;
    let pid: number | undefined;
    const seen = this.#until("the sensor's report of a mark", (done) => {
      this.#onEvent = (event) => {
        if (event.class !== "process") return;
        if (event.activity === "exec" && event.argv?.includes(word)) pid = event.pid ?? undefined;
        if (event.activity === "exit" && pid !== undefined && event.pid === pid) done();
      };
    });
    await execInContainer(this.#victim, ["/bin/true", word]);
    await seen;
    this.#onEvent = () => {};
    return pid;
  }

  #read(line: string): void {
    const read = eventFromJson(JSON.parse(line));
    if (!read.ok) throw new Error(`the sensor printed what is no event: ${read.reason}`);
    const event: AtalayaEvent = read.value;
    if (event.class === "api" || event.class === "sensor") return;
    this.#events.push(event);
    this.#onEvent(event);
  }

  #until(what: string, listen: (done: () => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        reject(new Fault("SIMULATION_FAILED", `${what} ${why}: ${this.#said.join("; ")}`));
      };
      const timer = setTimeout(() => fail("did not come in time"), patienceMs);
      const ended = () => fail("did not come, the sensor ended");
      this.#child.once("exit", ended);
      listen(() => {
        clearTimeout(timer);
        this.#child.off("exit", ended);
        resolve();
      });
    });
  }
}
