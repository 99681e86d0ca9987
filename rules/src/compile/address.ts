// IP addresses and networks as numbers. An IPv4 address inside IPv6 (::ffff:1.2.3.4) is that IPv4 address, as in the
// kernel's own view of a dual-stack socket.

export type Address = { version: 4 | 6; bits: bigint };
export type Network = { version: 4 | 6; bits: bigint; shift: bigint };

function v4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function groups(text: string): bigint[] | undefined {
  if (text === "") return [];
  const out: bigint[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".") && index === parts.length - 1) {
      const tail = v4(part);
      if (tail === undefined) return undefined;
      out.push(tail >> 16n, tail & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) out.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return out;
}

function v6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? "");
  const tail = halves.length === 2 ? groups(halves[1] ?? "") : [];
  if (head === undefined || tail === undefined) return undefined;
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return undefined;
  let bits = 0n;
  for (const group of [...head, ...Array<bigint>(gap).fill(0n), ...tail]) bits = (bits << 16n) | group;
  return bits;
}

export function parseAddress(text: string): Address | undefined {
  if (!text.includes(":")) {
    const bits = v4(text);
    return bits === undefined ? undefined : { version: 4, bits };
  }
  if (text.length > 45) return undefined;
  const bits = v6(text);
  if (bits === undefined) return undefined;
  return bits >> 32n === 0xffffn ? { version: 4, bits: bits & 0xffffffffn } : { version: 6, bits };
}

/** `10.0.0.0/8`, or a single address. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const width = address.version === 4 ? 32 : 128;
  const length = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return undefined;
  const shift = BigInt(width - Number(length));
  return { version: address.version, bits: address.bits >> shift, shift };
}

export const contains = (network: Network, address: Address): boolean =>
  network.version === address.version && address.bits >> network.shift === network.bits;
