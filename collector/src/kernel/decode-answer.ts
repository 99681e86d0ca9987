// The answers of a DNS message (RFC 1035, 4.1.3), whose bytes whoever answered chose:
//
//   header | question... | answer...
//   answer := name u16 type u16 class u32 seconds u16 length, so many bytes of data
import { headerBytes, nameAt } from "./decode-question.ts";
import { ipText } from "./ip-text.ts";

const answersMax = 64;
const typeAndClassBytes = 4;
/** Type, class, seconds and length. */
const fixedBytes = 10;
const typeA = 1;
const typeCname = 5;
const typeAaaa = 28;
const classInternet = 1;
const longestSeconds = 0x7fffffff;

/**
 * Addresses and names (CNAME) in their order, at most 64; other types are left out. What is cut or broken ends the list.
 * `seconds`: the shortest time that one of them says it may be kept (RFC 2181: more than 31 bits are none); 0 for none.
 */
export function answersAt(bytes: Buffer, from: number, end: number): { answers: string[]; seconds: number } {
  const answers: string[] = [];
  const kept: number[] = [];
  const given = () => ({ answers, seconds: kept.length === 0 ? 0 : Math.min(...kept) });
  if (from + headerBytes > end) return given();
  const questions = bytes.readUInt16BE(from + 4);
  const records = Math.min(bytes.readUInt16BE(from + 6), answersMax);
  // One question a message: nobody answers another form, and each more is work that the sender chooses.
  if (questions > 1) return given();
  let at: number | undefined = from + headerBytes;
  if (questions === 1) at = behindName(bytes, at, from, end, typeAndClassBytes);
  for (let record = 0; record < records; record++) {
    const fixed: number | undefined = at === undefined ? undefined : behindName(bytes, at, from, end, 0);
    if (fixed === undefined || fixed + fixedBytes > end) break;
    const data = fixed + fixedBytes;
    const length = bytes.readUInt16BE(fixed + 8);
    if (data + length > end) break;
    const answer = answerOf(bytes, fixed, data, length, from);
    if (answer !== undefined) {
      answers.push(answer);
      const seconds = bytes.readUInt32BE(fixed + 4);
      kept.push(seconds > longestSeconds ? 0 : seconds);
    }
    at = data + length;
  }
  return given();
}

function answerOf(bytes: Buffer, fixed: number, data: number, length: number, from: number): string | undefined {
  if (bytes.readUInt16BE(fixed + 2) !== classInternet) return undefined;
  const type = bytes.readUInt16BE(fixed);
  if (type === typeA && length === 4) return ipText(bytes, data, 4) || "0.0.0.0";
  if (type === typeAaaa && length === 16) return ipText(bytes, data, 6) || "::";
  return type === typeCname ? nameAt(bytes, data, from, data + length)?.name : undefined;
}

function behindName(bytes: Buffer, at: number, from: number, end: number, more: number): number | undefined {
  const read = nameAt(bytes, at, from, end);
  return read === undefined || read.behind + more > end ? undefined : read.behind + more;
}
