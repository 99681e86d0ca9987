// Runs inside the simulation's network namespace: the stand-ins for the metadata services and for the API server.
// Arguments: MARKER TOKEN. Prints "ready" when both listen, and ends when its standard input does, so it never outlives
// the simulation.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { limits } from "../limits.ts";
import { addresses } from "./addresses.ts";
import { answerApiServer } from "./api-server.ts";
import { type Answered, type Asked, answerMetadata } from "./metadata-service.ts";
import { selfSigned } from "./self-signed.ts";

const [marker = "", token = ""] = process.argv.slice(2);

type Answer = (asked: Asked, body: string) => Answered;

function handler(answer: Answer): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > limits.standInBodyBytesMax) request.destroy();
      else parts.push(part);
    });
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://stand-in");
      const asked = { method: request.method ?? "", url, headers: request.headers };
      const { status, body, headers } = answer(asked, Buffer.concat(parts).toString("utf8"));
      response.writeHead(status, headers);
      response.end(body);
    });
  };
}

function listening(server: Server, port: number, address: string): Promise<void> {
  return new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(port, address, done);
  });
}

const { key, certificate } = selfSigned("kubernetes.default");
const metadata = createServer(handler((asked) => answerMetadata(asked, marker)));
const apiServer = createSecureServer(
  { key, cert: certificate },
  handler((asked, body) => answerApiServer(asked, body, token)),
);

process.stdin.resume();
process.stdin.once("end", () => process.exit(0));
await listening(metadata, 80, addresses.metadata);
await listening(apiServer, 443, addresses.kubernetes);
process.stdout.write("ready\n");
