/** IPv4 in dots; of an IPv6 address that only wraps one (::ffff:a.b.c.d) the IPv4 inside. "" for the unspecified one. */
export function ipText(bytes: Buffer, at: number, family: number): string {
  if (family === 4) return isZero(bytes, at, 4) ? "" : ipv4Text(bytes, at);
  if (isZero(bytes, at, 16)) return "";
  const wraps = isZero(bytes, at, 10) && bytes.readUInt16BE(at + 10) === 0xffff;
  return wraps ? ipv4Text(bytes, at + 12) : ipv6Text(bytes, at);
}

function ipv4Text(bytes: Buffer, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as "::". */
function ipv6Text(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index));
  let [from, length] = [0, 0];
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > length) [from, length] = [start, end - start];
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}

function isZero(bytes: Buffer, at: number, length: number): boolean {
  for (let index = at; index < at + length; index++) if (bytes[index] !== 0) return false;
  return true;
}
