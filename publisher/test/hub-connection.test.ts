import assert from "node:assert/strict";
import { once } from "node:events";
import { before, describe, test } from "node:test";
import { createServer, type Server, type TLSSocket } from "node:tls";
import fc from "fast-check";
import { AnswerReader } from "../src/hub/answer-reader.ts";
import { HubConnection } from "../src/hub/hub-connection.ts";
import { Authority } from "./stand-in-authority.ts";

const body = JSON.stringify({ accepted: 1 });
const plain = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const inChunks = `HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n`;

function readAll(pieces: readonly Buffer[]) {
  const reader = new AnswerReader();
  for (const piece of pieces) {
    const whole = reader.push(piece);
    if (whole !== undefined) return whole;
  }
  return undefined;
}

describe("an answer", () => {
  test("is read the same however it is cut, by length and in chunks", () => {
    for (const [text, status, wanted, retryAfterMs] of [
      [plain, 200, body, undefined],
      [inChunks, 503, '{"a":1}', 2_000],
      [`HTTP/1.1 100 Continue\r\n\r\n${plain}`, 200, body, undefined],
    ] as const) {
      const bytes = Buffer.from(text);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 5 }), (cuts) => {
          const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
          const whole = readAll(at.slice(1).map((end, i) => bytes.subarray(at[i], end)));
          assert.deepEqual(
            [whole?.answer.status, String(whole?.answer.body), whole?.answer.retryAfterMs],
            [status, wanted, retryAfterMs],
          );
        }),
      );
    }
  });

  test("that is no answer is an error or waits for more, and never anything else", () => {
    const refused = [
      "SSH-2.0-x\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
    ];
    for (const text of refused) assert.throws(() => readAll([Buffer.from(text)]), /the reply/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(plain.length), (noise, at) => {
        try {
          readAll([Buffer.from(plain.slice(0, at)), Buffer.from(noise)]);
        } catch (error) {
          assert.match((error as Error).message, /^the reply /);
        }
      }),
    );
  });
});

describe("a connection", () => {
  let authority: Authority;
  before(async () => {
    authority = await Authority.make();
  });

  async function serve(answer: (socket: TLSSocket, n: number) => void): Promise<{ server: Server; url: string }> {
    let n = 0;
    const server = createServer({ ...(await authority.server()), minVersion: "TLSv1.3" }, (socket) => {
      socket.on("error", () => {});
      socket.on("data", () => answer(socket, ++n));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return { server, url: `https://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}` };
  }
  const call = { method: "POST", path: "/x", body: Buffer.from("x"), timeoutMs: 5_000 } as const;

  test("that the hub closed while it was kept is made anew, and the request is sent again", async () => {
    const { server, url } = await serve((socket, n) => (n === 2 ? socket.destroy() : socket.write(plain)));
    const connection = new HubConnection(url, { ca: authority.pem }, "openssl");
    for (let i = 0; i < 3; i++) assert.equal((await connection.call(call)).status, 200);
    connection.close();
    server.close();
  });

  test("on which no answer comes in time is given up, and the next request has another", async () => {
    const { server, url } = await serve((socket, n) => {
      if (n !== 1) socket.write(plain);
    });
    const connection = new HubConnection(url, { ca: authority.pem }, "openssl");
    await assert.rejects(connection.call({ ...call, timeoutMs: 200 }), /no answer in time/);
    assert.equal((await connection.call(call)).status, 200);
    connection.close();
    server.close();
  });

  test("serves a thousand requests one after another and leaves nothing behind", async () => {
    const { server, url } = await serve((socket) => socket.write(plain));
    const connection = new HubConnection(url, { ca: authority.pem }, "openssl");
    const warned = once(process, "warning").then(([warning]) => warning as Error);
    for (let i = 0; i < 1_000; i++) await connection.call(call);
    const said = await Promise.race([warned, new Promise((done) => setImmediate(done))]);
    assert.equal(said, undefined);
    connection.close();
    server.close();
  });
});
