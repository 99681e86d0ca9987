import { connect, type Socket } from "node:net";
import { limits } from "./limits.ts";

/**
 * A connection to `host`:`port` through an HTTP proxy (CONNECT, RFC 9110, 9.3.6). What flows in it is TLS from here to
 * the hub: the proxy sees where to, and no more. Throws what the connection threw, or what the proxy said.
 */
export async function openTunnel(proxy: string, host: string, port: number, timeoutMs: number): Promise<Socket> {
  const { hostname, port: proxyPort } = new URL(proxy);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(proxyPort || "80") });
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  try {
    await answered(socket, target, timeoutMs);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function answered(socket: Socket, target: string, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let head = "";
    const read = (piece: Buffer) => {
      head += piece.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0 && head.length <= limits.proxyHeadBytesMax) return;
      // Nothing comes after the head: on TLS the client speaks first.
      const [, status] = /^HTTP\/1\.[01] (\d{3})\b/.exec(head) ?? [];
      if (end < 0 || end + 4 !== head.length || status?.startsWith("2") !== true)
        return reject(new Error(`the proxy refused the way to ${target} (status ${status ?? "unknown"})`));
      socket.off("data", read);
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      resolve();
    };
    socket.on("data", read);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the proxy closed the connection")));
    socket.setTimeout(timeoutMs, () => reject(new Error("no answer of the proxy in time")));
    socket.once("connect", () => socket.write(`CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`));
  });
}
