import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HubClient } from "@atalaya/wire/client";
import { isInBpffs } from "../../collector/src/kernel/bpffs.ts";
import { ClockShift } from "./clock-shift.ts";
import type { OwnNetwork } from "./own-network.ts";
import { partArguments } from "./part-arguments.ts";
import { SupervisedPart } from "./supervised-part.ts";

const root = new URL("../../", import.meta.url);
const partFile = (name: string) => fileURLToPath(new URL(`${name}/src/main.ts`, root));
const usualPort = 8443;

export const partNames = ["hub", "publisher", "collector"] as const;
export type PartName = (typeof partNames)[number];

/** What a part's command line needs to know. */
export type PartPlace = { folders: SoakFolders; listen: string; url: string };

export type SoakStackOptions = {
  /** The folder of an earlier stack, to go on with what it left; a new one without. */
  base?: string;
  /** Called before anything is started: puts other disks below the folders, and gives the publisher's own network. */
  prepare?: (folders: SoakFolders) => OwnNetwork;
  /** The hub's; 8443 serves in a network of one's own. */
  port?: number;
  /** A part's arguments, where they are not this version's. */
  argumentsOf?: (part: PartName, place: PartPlace) => string[];
  /** The command line for a part's arguments, where it is another than node on its source. */
  launch?: (part: PartName, args: readonly string[]) => readonly string[] | undefined;
  onUnasked(part: PartName, how: string): void;
};

export type SoakFolders = {
  base: string;
  data: string;
  hub: string;
  spool: string;
  run: string;
  logs: string;
  /** A bpffs of the stack's own. */
  pins: string;
};

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
    this.folders = makeFolders(options.base ?? mkdtempSync(join(tmpdir(), "atalaya-soak-")));
    this.network = options.prepare?.(this.folders);
    const { run, logs } = this.folders;
    this.hubClock = new ClockShift(join(run, "hub.clock"));
    this.publisherClock = new ClockShift(join(run, "publisher.clock"));
    const listen = `${this.network?.hubAddress ?? "127.0.0.1"}:${options.port ?? usualPort}`;
    const place = { folders: this.folders, listen, url: `https://${listen}` };
    const part = (name: PartName, env: Readonly<Record<string, string>>, enter: readonly string[] = []) => {
      const args = (options.argumentsOf ?? partArguments)(name, place);
      const fromSource = [process.execPath, "--disable-warning=ExperimentalWarning", partFile(name), ...args];
      return new SupervisedPart({
        name,
        command: options.launch?.(name, args) ?? [...enter, ...fromSource],
        env,
        logFile: join(logs, `${name}.log`),
        onUnasked: (how) => options.onUnasked(name, how),
      });
    };
    this.hub = part("hub", this.hubClock.env);
    this.publisher = part("publisher", this.publisherClock.env, this.network?.enter ?? []);
    this.collector = part("collector", {});
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

  /** Removes all that was written, and with the last mount of its bpffs all that was pinned. */
  remove(): void {
    if (isInBpffs(this.folders.pins)) execFileSync("umount", [this.folders.pins]);
    rmSync(this.folders.base, { recursive: true, force: true });
  }
}

function makeFolders(base: string): SoakFolders {
  const data = join(base, "data");
  const within = (name: string) => join(base, name);
  const [spool, run, logs, pins] = ["spool", "run", "logs", "pins"].map(within) as [string, string, string, string];
  const folders = { base, data, hub: join(data, "hub"), spool, run, logs, pins };
  for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (!isInBpffs(pins)) execFileSync("mount", ["-t", "bpf", "bpf", pins]);
  return folders;
}
