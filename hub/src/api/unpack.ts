import { promisify } from "node:util";
import { constants, gunzip, zstdDecompress } from "node:zlib";
import { Fault, limits } from "@atalaya/wire";
import { serverLimits } from "../server/limits.ts";
import { Slots } from "../server/slots.ts";
import { busy } from "./body-admission.ts";

const ungzip = promisify(gunzip);
const slots = new Slots(serverLimits.unpackingMax, serverLimits.bodiesInFlightMax);

// RFC 8878, 3.1.1: 0xFD2FB528, little endian; RFC 1952, 2.3.1: 1F 8B.
const zstdMagic = 0xfd2f_b528;
const gzipMagic = 0x8b1f;
/** 8 MiB of history: a head of a few bytes can ask for 128. Level 1, as publishers pack, needs 512 KiB. */
const window = { [constants.ZSTD_d_windowLogMax]: 23 };

/**
 * Unpacks a zstd body in the thread pool: one zstd frame or several, one after another (RFC 8878, 3), as a publisher
 * lays the pieces of its spool together (at most `ingestPiecesMax`). Throws Fault BODY_ENCODING, BODY_TOO_LARGE (unpacked) or BUSY.
 */
export async function unpackZstd(body: Buffer): Promise<Buffer> {
  if (body.length < 4 || body.readUInt32LE(0) !== zstdMagic) throw notPacked("zstd");
  return await unpack("zstd", limits.ingestUnpackedBytesMax, (options) => unzstdAll(body, options.maxOutputLength));
}

/** Unpacks a gzip body in the thread pool, as the API server sends it. Throws as unpackZstd does. */
export async function unpackGzip(body: Buffer): Promise<Buffer> {
  if (body.length < 2 || body.readUInt16LE(0) !== gzipMagic) throw notPacked("gzip");
  return await unpack("gzip", limits.auditBodyBytesMax, (options) => ungzip(body, options));
}

/** Node's decompressor stops behind the first frame and says how far it read. The bound holds for all together. */
async function unzstdAll(body: Buffer, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let [at, left] = [0, bytesMax];
  while (at < body.length) {
    if (parts.length === limits.ingestPiecesMax) throw new Error("too many zstd frames");
    const { buffer, read } = await unzstdOne(body.subarray(at), left);
    if (read === 0) throw new Error("no zstd frame");
    parts.push(buffer);
    at += read;
    left -= buffer.length;
    // An empty output has no bound of its own that Node takes: what is left is then refused as too large.
    if (left <= 0 && at < body.length) throw Object.assign(new Error("too large"), { code: "ERR_BUFFER_TOO_LARGE" });
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

function unzstdOne(bytes: Buffer, maxOutputLength: number): Promise<{ buffer: Buffer; read: number }> {
  return new Promise((resolve, reject) => {
    zstdDecompress(bytes, { info: true, maxOutputLength, params: window }, (error, result) => {
      if (error !== null) return reject(error);
      const { buffer, engine } = result as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
      resolve({ buffer, read: engine.bytesWritten });
    });
  });
}

async function unpack(
  name: string,
  bytesMax: number,
  work: (options: { maxOutputLength: number }) => Promise<Buffer>,
): Promise<Buffer> {
  const done = await slots.run(async () => {
    try {
      return await work({ maxOutputLength: bytesMax });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_BUFFER_TOO_LARGE") throw notPacked(name);
      throw new Fault("BODY_TOO_LARGE", `The body unpacks to more than ${bytesMax} bytes; send less at once`, {
        bytes_max: bytesMax,
      });
    }
  });
  if (!done.ran) throw busy();
  return done.value;
}

function notPacked(name: string): Fault {
  return new Fault("BODY_ENCODING", `The body is not ${name}, or not all of it arrived`, { expected: name });
}
