import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Fault } from "@atalaya/wire";
import { limits } from "../limits.ts";
import type { Network } from "./network.ts";

export type StandIns = { stop: () => Promise<void> };

/**
 * Starts the stand-ins for the clouds' metadata services (169.254.169.254:80) and for the API server
 * (kubernetes.default:443) inside `network`. `marker` stands in the credentials that they give; `token` is the one that
 * the API server accepts.
 */
export async function startStandIns(network: Network, marker: string, token: string): Promise<StandIns> {
  const program = fileURLToPath(new URL(`./stand-ins-process${import.meta.url.slice(-3)}`, import.meta.url));
  const args = [
    `--net=${network.path}`,
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    program,
    marker,
    token,
  ];
  const child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  const ended = new Promise<void>((done) => child.once("close", () => done()));
  let said = "";
  child.stderr.on("data", (part: Buffer) => {
    said = (said + part.toString("utf8")).slice(-2_000);
  });
  const stop = async () => {
    child.stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), 2_000);
    await ended;
    clearTimeout(timer);
  };
  try {
    await new Promise<void>((ready, failed) => {
      const fail = (why: string) =>
        failed(new Fault("SIMULATION_FAILED", `The stand-in services ${why}: ${said.trim()}`));
      const timer = setTimeout(() => fail("are not ready in time"), limits.standInsReadyMs);
      child.once("error", (cause) => fail(`cannot be started (${cause.message})`));
      child.once("close", () => fail("ended"));
      child.stdout.once("data", () => {
        clearTimeout(timer);
        ready();
      });
    });
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return { stop };
}
