import { execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";

// The run lives in a network namespace of its own (own-namespaces.ts); the publisher in a second one. Between them:
//
//   hub  10.98.0.1 on lo, 10.98.1.1 on soak0  ----veth----  soak1 10.98.1.2  publisher
//
// When soak0 is down, what the publisher sends is dropped without an answer, and the hub's address still works here.

const hubAddress = "10.98.0.1";

export type OwnNetwork = {
  hubAddress: string;
  /** What comes before a command line to run it in the publisher's network. */
  enter: readonly string[];
  cut(): void;
  mend(): void;
  close(): void;
};

/** `file` is where the second namespace is kept, as long as the mount namespace of the run lasts. */
export function makeOwnNetwork(file: string): OwnNetwork {
  const ip = (...args: string[]) => execFileSync("ip", args);
  closeSync(openSync(file, "a"));
  execFileSync("unshare", [`--net=${file}`, "true"]);
  const enter = ["nsenter", `--net=${file}`];
  const inside = (...args: string[]) => execFileSync("nsenter", [`--net=${file}`, "ip", ...args]);
  ip("link", "set", "lo", "up");
  ip("address", "add", `${hubAddress}/32`, "dev", "lo");
  ip("link", "add", "soak0", "type", "veth", "peer", "name", "soak1");
  ip("link", "set", "soak1", "netns", file);
  ip("address", "add", "10.98.1.1/30", "dev", "soak0");
  ip("link", "set", "soak0", "up");
  inside("link", "set", "lo", "up");
  inside("address", "add", "10.98.1.2/30", "dev", "soak1");
  inside("link", "set", "soak1", "up");
  inside("route", "add", `${hubAddress}/32`, "via", "10.98.1.1");
  return {
    hubAddress,
    enter,
    cut: () => ip("link", "set", "soak0", "down"),
    mend: () => ip("link", "set", "soak0", "up"),
    close: () => execFileSync("umount", [file]),
  };
}
