import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { Fault, limits } from "@atalaya/wire";
import { serverLimits } from "../server/limits.ts";
import { Slots } from "../server/slots.ts";
import { busy } from "./body-admission.ts";

const unzstd = promisify(zstdDecompress);
const ungzip = promisify(gunzip);
const slots = new Slots(serverLimits.unpackingMax, serverLimits.bodiesInFlightMax);

// RFC 8878, 3.1.1: 0xFD2FB528, little endian; RFC 1952, 2.3.1: 1F 8B.
const zstdMagic = 0xfd2f_b528;
const gzipMagic = 0x8b1f;

/** Unpacks a zstd body in the thread pool. Throws Fault BODY_ENCODING, BODY_TOO_LARGE (unpacked) or BUSY. */
export async function unpackZstd(body: Buffer): Promise<Buffer> {
  if (body.length < 4 || body.readUInt32LE(0) !== zstdMagic) throw notPacked("zstd");
  return await unpack("zstd", limits.ingestUnpackedBytesMax, (options) => unzstd(body, options));
}

/** Unpacks a gzip body in the thread pool, as the API server sends it. Throws as unpackZstd does. */
export async function unpackGzip(body: Buffer): Promise<Buffer> {
  if (body.length < 2 || body.readUInt16LE(0) !== gzipMagic) throw notPacked("gzip");
  return await unpack("gzip", limits.auditBodyBytesMax, (options) => ungzip(body, options));
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
