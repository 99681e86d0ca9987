// Heads and shapes that no client library sends.

const post = (head: string, body: string) => `POST /v1/audit/x HTTP/1.1\r\nHost: hub\r\n${head}\r\n${body}`;
const hidden = "GET /healthz?hidden HTTP/1.1\r\nHost: hub\r\n\r\n";

/** Requests in which two readers could see different ends: the one behind must never be answered. */
export const smuggled: [what: string, bytes: string][] = [
  ["a length and chunks", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${hidden}`)],
  ["two lengths", post("Content-Length: 0\r\nContent-Length: 30\r\n", hidden)],
  ["a signed length", post("Content-Length: +0\r\n", hidden)],
  ["a space before the colon", post("Transfer-Encoding : chunked\r\nContent-Length: 0\r\n", hidden)],
  ["chunks under another name", post("Transfer-Encoding: xchunked\r\n", `0\r\n\r\n${hidden}`)],
  ["chunks named twice", post("Transfer-Encoding: chunked, identity\r\n", `0\r\n\r\n${hidden}`)],
  ["a chunk with a wrong size", post("Transfer-Encoding: chunked\r\n", `-1\r\n\r\n${hidden}`)],
  ["a folded header", post("X: a\r\n b: c\r\nContent-Length: 0\r\n X: y\r\n", hidden)],
  ["line feeds alone", post("Content-Length: 0\r\n", hidden).replaceAll("\r\n", "\n")],
  ["a NUL in a header", post("X: a\0b\r\nContent-Length: 0\r\n", hidden)],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\nGET /healthz?hidden HTTP/1.1\r\nHost: hub\r\n\r\n"],
  ["an older protocol", `GET /healthz HTTP/0.9\r\n\r\n${hidden}`],
];

/** Heads that are too large, each in a way of its own. */
export const hugeHeads: [what: string, bytes: string][] = [
  ["one header of 64 KiB", `GET /healthz HTTP/1.1\r\nHost: hub\r\nX: ${"x".repeat(65_536)}\r\n\r\n`],
  ["20,000 headers", `GET /healthz HTTP/1.1\r\nHost: hub\r\n${"X: y\r\n".repeat(20_000)}\r\n`],
  ["an address of 64 KiB", `GET /${"x".repeat(65_536)} HTTP/1.1\r\nHost: hub\r\n\r\n`],
];
