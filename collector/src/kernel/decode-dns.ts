import type { DnsAnswerRecord, DnsQueryRecord, Task } from "../kernel-record.ts";
import { answersAt } from "./decode-answer.ts";
import { questionAt } from "./decode-question.ts";
import { ipText } from "./ip-text.ts";
import { layout, sizes } from "./layout.ts";
import { type RecordBytes, u16At } from "./record-bytes.ts";

type Base = { position: number; ring: "lifecycle" | "bulk"; bootUs: number; task: Task };

/** A question to a name server. Undefined where its lengths do not add up. */
export function queryFrom(from: RecordBytes, at: number, end: number, base: Base): DnsQueryRecord | undefined {
  const read = messageFrom(from, at, end, base, "dns_record");
  return read && { kind: "dns_query", ...read.message };
}

/** What a name server answered, with the question that it repeats. Undefined where its lengths do not add up. */
export function answerFrom(from: RecordBytes, at: number, end: number, base: Base): DnsAnswerRecord | undefined {
  const read = messageFrom(from, at, end, base, "dns_answer_record");
  return read && { kind: "dns_answer", ...read.message, ...answersAt(from.bytes, read.begin, read.end) };
}

type Message = Omit<DnsQueryRecord, "kind">;

/** What both have: who, the name server, and the message's question; and where in the bytes the message lies. */
function messageFrom(
  from: RecordBytes,
  at: number,
  end: number,
  base: Base,
  struct: "dns_record" | "dns_answer_record",
): { message: Message; begin: number; end: number } | undefined {
  if (end - at !== sizes[struct]) return undefined;
  const of = layout[struct];
  const begin = at + of.message;
  const messageEnd = begin + u16At(from, at + of.message_length);
  if (messageEnd > end) return undefined;
  const { name, type } = questionAt(from.bytes, begin, messageEnd);
  const message: Message = {
    position: base.position,
    ring: base.ring,
    bootUs: base.bootUs,
    task: base.task,
    protocol: from.bytes.readUInt8(at + of.protocol) === 6 ? "tcp" : "udp",
    dstIp: ipText(from.bytes, at + of.server, from.bytes.readUInt8(at + of.family)),
    dstPort: u16At(from, at + of.server_port),
    name,
    type,
  };
  return { message, begin, end: messageEnd };
}
