import { isIP } from "node:net";
import type { DnsEvent } from "@atalaya/wire";
import type { FieldValue } from "../event-view.ts";
import { boundField, type Field, type FieldType } from "./field.ts";

// Ours alone, with the names of the Elastic Common Schema: `dns.*`, a question to a name server and its answer. Falco sees
// system calls, and no call says which name is asked for.

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

/** What a question has not. */
export const answerFields: ReadonlySet<string> = new Set(["dns.resolved_ip", "dns.answers.data"]);

/** An answer that holds nothing has no value. */
const some = (values: readonly string[] | null | undefined): readonly string[] | null =>
  values === null || values === undefined || values.length === 0 ? null : values;

const isAddress = (answer: string): boolean => isIP(answer) !== 0;

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
  // `dns.resolved_ip in (10.0.0.0/8)`: holds for one of them.
  dnsField("dns.resolved_ip", "ip", (event) => some(event.answers?.filter(isAddress)), "sides"),
  dnsField("dns.answers.data", "string", (event) => some(event.answers), "sides"),
  dnsField("dns.server.ip", "ip", (event) => event.dst_ip),
  dnsField("dns.server.port", "number", (event) => event.dst_port),
  dnsField("dns.protocol", "string", (event) => event.protocol),
];
