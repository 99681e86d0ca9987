import { Fault } from "@atalaya/wire";
import packageFile from "../../package.json" with { type: "json" };
import type { HubCore } from "../hub-core.ts";
import { serverLimits } from "./limits.ts";
import { makeLogger } from "./logger.ts";
import { type HubOptions, help, readOptions } from "./options.ts";
import { tellFailed, tellReady } from "./part-channel.ts";
import { type RunningHub, startHub } from "./start-hub.ts";

/** Opens pipeline and store in the hub's folder; `log` is told of what nobody waits for and went wrong. */
export type OpenCore = (start: {
  hubFolder: string;
  options: HubOptions;
  version: string;
  log: (line: string) => void;
}) => Promise<HubCore>;

/** The hub's process: reads the command line, runs until told to stop, ends with 0, 1 (the world) or 2 (arguments). */
export async function runHub(args: string[], openCore: OpenCore): Promise<void> {
  try {
    const options = readOptions(args);
    if (options === undefined) {
      process.stdout.write(`${help}\n`);
      return;
    }
    const { version } = packageFile;
    const logger = makeLogger(options.logLevel);
    // A terminal that is gone, a file on a full disk: what cannot be written there is lost, the hub goes on.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
    const log = (line: string) => logger.warn(line);
    const open = (hubFolder: string) => openCore({ hubFolder, options, version, log });
    const hub = await startHub(options, open, logger, version);
    stopWhenTold(hub);
    await tellReady(hub);
    logger.info({ url: hub.url, version }, "the hub is ready");
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    await tellFailed(error);
    process.exit(error.code === "USAGE" ? 2 : 1);
  }
}

/** SIGTERM and SIGINT stop it; so does the end of the process that started it as a part. */
function stopWhenTold(hub: RunningHub): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), serverLimits.closeMs).unref();
    hub.close().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(
          `atalaya: the hub did not stop cleanly: ${error instanceof Error ? error.message : error}\n`,
        );
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  if (process.channel !== undefined) process.once("disconnect", stop);
}
