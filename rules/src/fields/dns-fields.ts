import type { DnsEvent } from "@atalaya/wire";
import type { FieldValue } from "../event-view.ts";
import { boundField, type Field, type FieldType } from "./field.ts";

// Ours alone: `dns.*`, a question to a name server. Falco sees system calls, and no call says which name is asked for.

function dnsField(
  name: string,
  type: FieldType,
  get: (event: DnsEvent) => FieldValue | null,
  shape: Field["shape"] = "one",
): Field {
  const bind: Field["bind"] = () => (view) =>
    view.event?.class === "dns" ? (get(view.event) ?? undefined) : undefined;
  return boundField("syscall", name, type, bind, { classes: ["dns"], shape });
}

/** Names of common types (RFC 1035 and its successors); any other is TYPE and its number (RFC 3597). */
const typeNames: Readonly<Record<number, string>> = {
  1: "A",
  2: "NS",
  5: "CNAME",
  6: "SOA",
  10: "NULL",
  12: "PTR",
  15: "MX",
  16: "TXT",
  28: "AAAA",
  33: "SRV",
  35: "NAPTR",
  41: "OPT",
  48: "DNSKEY",
  64: "SVCB",
  65: "HTTPS",
  251: "IXFR",
  252: "AXFR",
  255: "ANY",
  257: "CAA",
};

/** `a.b.example` -> the name itself and each domain above it: one look into a set for each, however long a list is. */
function domainsOf(name: string): readonly string[] {
  const domains = [name];
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    if (dot + 1 < name.length && name[dot - 1] !== "\\") domains.push(name.slice(dot + 1));
  }
  return domains;
}

export const dnsFields: readonly Field[] = [
  dnsField("dns.question.name", "string", (event) => event.query),
  // Holds for one of them: `dns.question.domains in (example.com)` is example.com and everything below it.
  dnsField(
    "dns.question.domains",
    "string",
    (event) => (event.query === null ? null : domainsOf(event.query)),
    "sides",
  ),
  dnsField("dns.question.type", "string", ({ query_type: type }) =>
    type === null ? null : (typeNames[type] ?? `TYPE${type}`),
  ),
  dnsField("dns.server.ip", "ip", (event) => event.dst_ip),
  dnsField("dns.server.port", "number", (event) => event.dst_port),
  dnsField("dns.protocol", "string", (event) => event.protocol),
];
