import { lookup as resolveName } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

// Private and loopback addresses are where a self-hosted webhook usually lives, so they are allowed. What is refused
// gives out credentials to whoever asks from this machine (the clouds' metadata services) or is no single machine.
const forbidden = new BlockList();
forbidden.addSubnet("169.254.0.0", 16, "ipv4"); // link-local: AWS, Azure, GCP metadata
forbidden.addAddress("168.63.129.16", "ipv4"); // Azure's wire server
forbidden.addAddress("100.100.100.200", "ipv4"); // Alibaba Cloud metadata
forbidden.addSubnet("0.0.0.0", 8, "ipv4");
forbidden.addSubnet("224.0.0.0", 3, "ipv4"); // multicast, reserved, broadcast
forbidden.addSubnet("fe80::", 10, "ipv6");
forbidden.addSubnet("ff00::", 8, "ipv6");
forbidden.addAddress("fd00:ec2::254", "ipv6"); // AWS metadata
forbidden.addAddress("fd20:ce::254", "ipv6"); // GCP metadata
forbidden.addAddress("::", "ipv6");

/** Whether a webhook may not be sent to this address. */
export function isForbiddenAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "").split("%")[0] ?? "";
  const family = isIP(plain);
  if (family === 0) return false;
  // An IPv4 address written as IPv6 (::ffff:a.b.c.d) is checked against the IPv4 rules by BlockList itself.
  return forbidden.check(plain, family === 4 ? "ipv4" : "ipv6");
}

/** A name is resolved and checked at each connection, so that it cannot change its address between check and use. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  resolveName(hostname, { ...options, all: true }, (error, addresses) => {
    const allowed = (addresses ?? []).filter((one) => !isForbiddenAddress(one.address));
    const first = allowed[0];
    if (error !== null) callback(error, "");
    else if (first === undefined) callback(new ForbiddenAddress(), "");
    else if (options.all === true) callback(null, allowed);
    else callback(null, first.address, first.family);
  });
};

/** The name leads only to addresses that a webhook may not be sent to. */
export class ForbiddenAddress extends Error {
  readonly code = "FORBIDDEN_ADDRESS";
}
