import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HubClient } from "@atalaya/wire/client";
import { ClockShift } from "./clock-shift.ts";
import type { OwnNetwork } from "./own-network.ts";
import { SupervisedPart } from "./supervised-part.ts";

const root = new URL("../../", import.meta.url);
const partFile = (name: string) => fileURLToPath(new URL(`${name}/src/main.ts`, root));
const fromSource = (name: string) => [process.execPath, "--disable-warning=ExperimentalWarning", partFile(name)];
const hubAddress = "127.0.0.1";
const usualPort = 8443;

export const soakCluster = "soak";
export const soakNode = "soak-node";

export type SoakStackOptions = {
  /** Called before anything is started: puts other disks below the folders, and gives the publisher's own network. */
  prepare?: (folders: SoakFolders) => OwnNetwork;
  /** The hub's; 8443 serves in a network of one's own. */
  port?: number;
  /** The command line for a part's arguments, where it is another than node on its source. */
  launch?: (part: string, args: readonly string[]) => readonly string[] | undefined;
  onUnasked(part: string, how: string): void;
};

export type SoakFolders = { base: string; data: string; hub: string; spool: string; run: string; logs: string };

/** Hub, publisher and collector, each a process that a supervisor keeps, with all that they write in one folder. */
export class SoakStack {
  readonly folders: SoakFolders;
  readonly hub: SupervisedPart;
  readonly publisher: SupervisedPart;
  readonly collector: SupervisedPart;
  readonly hubClock: ClockShift;
  readonly publisherClock: ClockShift;
  readonly network: OwnNetwork | undefined;
  #client: HubClient | undefined;

  constructor(options: SoakStackOptions) {
    this.folders = makeFolders();
    this.network = options.prepare?.(this.folders);
    const { data, hub, spool, run, logs } = this.folders;
    this.hubClock = new ClockShift(join(run, "hub.clock"));
    this.publisherClock = new ClockShift(join(run, "publisher.clock"));
    const address = this.network?.hubAddress ?? hubAddress;
    const port = options.port ?? usualPort;
    const socket = join(run, "collector.sock");
    const part = (name: string, args: string[], env: Record<string, string> = {}, enter: readonly string[] = []) =>
      new SupervisedPart({
        name,
        command: options.launch?.(name, args) ?? [...enter, ...fromSource(name), ...args],
        env,
        logFile: join(logs, `${name}.log`),
        onUnasked: (how) => options.onUnasked(name, how),
      });
    this.hub = part(
      "hub",
      ["--data", data, "--listen", `${address}:${port}`, "--cluster", soakCluster, "--log-level", "warn"],
      this.hubClock.env,
    );
    const trust = ["--ca", join(hub, "ca.pem"), "--credential", join(hub, "local-sensor.credential")];
    this.publisher = part(
      "publisher",
      ["--socket", socket, "--spool", spool, "--hub", `https://${address}:${port}`, ...trust],
      this.publisherClock.env,
      this.network?.enter ?? [],
    );
    this.collector = part("collector", ["--socket", socket, "--node", soakNode, "--cluster", soakCluster]);
  }

  async start(): Promise<void> {
    await this.hub.start();
    await this.publisher.start();
    await this.collector.start();
  }

  /** The command line's own access to the hub; the file is there once the hub was ready. */
  get client(): HubClient {
    this.#client ??= HubClient.fromFile(join(this.folders.data, "client.json"));
    return this.#client;
  }

  /** Stops all in the order of an event's life; gives a line for each that did not end as it should. */
  async stop(): Promise<string[]> {
    const odd: string[] = [];
    for (const part of [this.collector, this.publisher, this.hub]) {
      const how = await part.stop();
      if (how !== "status 0" && how !== "had ended") odd.push(`${part.name} ended with ${how}`);
    }
    return odd;
  }

  /** Removes all that was written. */
  remove(): void {
    rmSync(this.folders.base, { recursive: true, force: true });
  }
}

function makeFolders(): SoakFolders {
  const base = mkdtempSync(join(tmpdir(), "atalaya-soak-"));
  const data = join(base, "data");
  const folders = { base, data, hub: join(data, "hub"), spool: join(base, "spool") };
  const all = { ...folders, run: join(base, "run"), logs: join(base, "logs") };
  for (const folder of Object.values(all)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return all;
}
