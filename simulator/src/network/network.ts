import { mustRun, runProgram } from "../run-program.ts";
import { addresses } from "./addresses.ts";

/** A network namespace with a loopback device and no other: no packet gets out. */
export type Network = { name: string; path: string };

/**
 * Makes the namespace `name` (unique; ip-netns(8)). Its loopback device holds all of 10.99.7.0/24, so that each address
 * without a server refuses a connection at once and a scan of 256 addresses takes seconds, and 169.254.169.254.
 */
export async function makeNetwork(name: string): Promise<Network> {
  await mustRun("ip", ["netns", "add", name]);
  try {
    await mustRun("ip", ["-n", name, "link", "set", "lo", "up"]);
    await mustRun("ip", ["-n", name, "address", "add", addresses.network, "dev", "lo"]);
    await mustRun("ip", ["-n", name, "address", "add", `${addresses.metadata}/32`, "dev", "lo"]);
  } catch (error) {
    await removeNetwork(name);
    throw error;
  }
  return { name, path: `/run/netns/${name}` };
}

/** Removes the namespace `name`; it is no error when it is not there. */
export async function removeNetwork(name: string): Promise<void> {
  await runProgram("ip", ["netns", "delete", name]);
}
