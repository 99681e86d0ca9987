import { readFileSync } from "node:fs";

/** Whether something listens on `address`:`port` (IPv4) in the network namespace of the process `pid`, as proc(5) shows it. */
export function isListening(pid: number, address: string, port: number): boolean {
  const wanted = `${hexAddress(address)}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync(`/proc/${pid}/net/tcp`, "utf8").split("\n").slice(1);
  return lines.some((line) => {
    const [, local, , state] = line.trim().split(/\s+/);
    // 0A is TCP_LISTEN.
    return local === wanted && state === "0A";
  });
}

/** The kernel prints the address as one number of the machine's byte order, which is little-endian on all that we run on. */
function hexAddress(address: string): string {
  const bytes = address.split(".").map(Number).reverse();
  return Buffer.from(bytes).toString("hex").toUpperCase();
}
