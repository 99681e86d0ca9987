import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";

/** A proxy that makes tunnels, or refuses, and keeps what it was asked. */
export async function proxyServer(asked: string[], refuses = false): Promise<{ server: Server; url: string }> {
  const server = createServer();
  server.on("connect", (request, client, head) => {
    asked.push(String(request.url));
    if (refuses) {
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const [host, port] = String(request.url).split(":");
    const hub = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      hub.write(head);
      hub.pipe(client).pipe(hub);
    });
    for (const socket of [client, hub]) socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
