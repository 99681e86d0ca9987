import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { issueAuthority, issueServer, type KeyPair } from "../../hub/src/tls/issue.ts";
import type { Access } from "../src/connection.ts";

export type TestServer = {
  url: string;
  authority: KeyPair;
  access: (change?: Partial<Access>) => () => Access;
  connections: () => number;
  close(): Promise<void>;
};

/** A TLS server on loopback that answers as `handle` says, under an authority of its own. */
export async function testServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestServer> {
  const authority = await issueAuthority("test authority", 3_600_000);
  const { certificate, key } = await issueServer(authority, ["127.0.0.1"], 3_600_000);
  const server = createServer(
    { cert: certificate, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false },
    handle,
  );
  let connections = 0;
  server.on("secureConnection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const blank = { ca: authority.certificate, token: undefined, certificate: undefined, key: undefined };
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authority,
    access: (change) => () => ({ ...blank, ...change }),
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
