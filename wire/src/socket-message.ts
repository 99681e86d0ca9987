import type { Result } from "./faults.ts";
import { limits } from "./limits.ts";

// What goes over the Unix socket between collector and publisher, both ways:
//   u32 length of what follows | u8 kind | payload
//   frame    collector -> publisher   one encoded frame
//   ack      publisher -> collector   u53: frames of this connection that are on disk, counted from its start
//   filters  publisher -> collector   JSON of a FilterPlan (until a hub that signs states has answered)
//   state    publisher -> collector   JSON of a SignedState
//   confirm  collector -> publisher   JSON of a StateConfirmation
//   resume   publisher -> collector   JSON of a Resume, once, before anything else
//   claim    inventory -> publisher   JSON of a Claim: a token that lets this node send the cluster's inventory
//   claimed  publisher -> inventory   JSON of a ClaimReply
//   recorded collector -> publisher   one encoded frame for the flight recorder; not acknowledged, never sent on by itself

export const messageKinds = {
  frame: 1,
  ack: 2,
  filters: 3,
  state: 4,
  confirm: 5,
  resume: 6,
  claim: 7,
  claimed: 8,
  recorded: 9,
} as const;

export type SocketMessage = { kind: number; payload: Buffer };

export function encodeMessage(kind: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(5 + payload.length);
  out.writeUInt32LE(payload.length + 1, 0);
  out[4] = kind;
  out.set(payload, 5);
  return out;
}

export function encodeAck(frames: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(BigInt(frames));
  return encodeMessage(messageKinds.ack, payload);
}

export function decodeAck(payload: Buffer): number | undefined {
  return payload.length === 8 ? Number(payload.readBigUInt64LE()) : undefined;
}

/** Cuts a byte stream into messages. After a malformed length the stream is lost: close the connection. */
export class MessageReader {
  #parts: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): Result<SocketMessage[]> {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    const messages: SocketMessage[] = [];
    for (;;) {
      if (this.#bytes < 4) return { ok: true, value: messages };
      const size = this.#peek();
      if (size < 1 || size > limits.frameBytesMax + 1)
        return { ok: false, code: "FRAME_MALFORMED", reason: "a message's length is out of range" };
      if (this.#bytes < 4 + size) return { ok: true, value: messages };
      const message = this.#shift(4 + size);
      messages.push({ kind: message[4] as number, payload: message.subarray(5) });
    }
  }

  #peek(): number {
    const first = this.#parts[0] as Buffer;
    if (first.length >= 4) return first.readUInt32LE(0);
    this.#parts = [Buffer.concat(this.#parts)];
    return (this.#parts[0] as Buffer).readUInt32LE(0);
  }

  #shift(size: number): Buffer {
    const first = this.#parts[0] as Buffer;
    const all = first.length >= size ? first : Buffer.concat(this.#parts);
    const rest = first.length >= size ? this.#parts.slice(1) : [];
    this.#parts = all.length > size ? [all.subarray(size), ...rest] : rest;
    this.#bytes -= size;
    return all.subarray(0, size);
  }
}
