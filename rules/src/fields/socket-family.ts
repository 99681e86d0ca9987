import type { NetworkEvent } from "@atalaya/wire";

/** Linux' numbers of families (include/linux/socket.h): those that are not here are shown as numbers. */
const names: Readonly<Record<number, string>> = {
  1: "UNIX",
  2: "INET",
  10: "INET6",
  15: "KEY",
  16: "NETLINK",
  17: "PACKET",
  29: "CAN",
  30: "TIPC",
  31: "BLUETOOTH",
  38: "ALG",
  40: "VSOCK",
  44: "XDP",
};

/** `AF_PACKET`; null where the event does not say. */
export function familyName({ socket }: NetworkEvent): string | null {
  const family = socket?.[0];
  return family === undefined ? null : `AF_${names[family] ?? family}`;
}

/** Falco's `fd.type`: ipv4, ipv6, unix, or the family's name in small letters. */
export function socketType(event: NetworkEvent): string {
  const address = event.dst_ip ?? event.src_ip;
  if (address !== null) return address.includes(":") ? "ipv6" : "ipv4";
  const name = familyName(event) ?? "AF_INET";
  return name === "AF_INET" ? "ipv4" : name === "AF_INET6" ? "ipv6" : name.slice(3).toLowerCase();
}

/** `fd.sockfamily`. */
export function socketFamily(event: NetworkEvent): string {
  const type = socketType(event);
  return type === "ipv4" || type === "ipv6" ? "ip" : type;
}

const characters: Readonly<Record<string, string>> = { ipv4: "4", ipv6: "6", unix: "u" };

/** Falco's `fd.typechar`; `o` is any other. */
export function socketCharacter(event: NetworkEvent): string {
  return characters[socketType(event)] ?? "o";
}
