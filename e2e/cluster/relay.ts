import type { Server } from "node:net";
import { connect } from "node:net";

// node relay.ts HOST PORT, run inside a cluster's network. The parent hands us a socket that listens outside: whoever
// connects there is led to HOST:PORT in here. It ends with its parent.

const [host, port] = process.argv.slice(2);

process.on("message", (_word, handle) => {
  const server = handle as Server;
  server.on("connection", (outside) => {
    const inside = connect({ host: host ?? "", port: Number(port), allowHalfOpen: true });
    for (const [from, to] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  process.send?.("ready");
});
process.on("disconnect", () => process.exit(0));
