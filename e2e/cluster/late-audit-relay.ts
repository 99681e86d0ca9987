import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { request } from "node:https";

// node late-audit-relay.ts HOST PORT HUB_URL CA_FILE, run inside a cluster's network: takes what the API server posts at
// HOST:PORT, answers at once, and posts it to the hub after the delay that the parent told last. The token comes from the
// parent, too: over plain HTTP the API server sends none (client-go: clientcmd reads credentials for TLS only).

const [host = "", port = "", hub = "", caFile = ""] = process.argv.slice(2);
const ca = readFileSync(caFile, "utf8");
let delayMs = 0;
let token = "";

function post(path: string, headers: IncomingHttpHeaders, body: Buffer): void {
  const { "content-type": type = "application/json", "content-encoding": encoding } = headers;
  const sent: Record<string, string> = { authorization: `Bearer ${token}`, "content-type": type };
  if (encoding !== undefined) sent["content-encoding"] = encoding;
  const asked = request(new URL(path, hub), { ca, method: "POST", headers: sent }, (answer) => {
    if (answer.statusCode !== 200) process.stderr.write(`late audit: the hub answered ${answer.statusCode}\n`);
    answer.resume();
  });
  asked.on("error", (error) => process.stderr.write(`late audit: ${error.message}\n`));
  asked.end(body);
}

const server = createServer(async (asked, answer) => {
  const body = Buffer.concat(await asked.toArray());
  answer.end("{}");
  setTimeout(post, delayMs, asked.url ?? "", asked.headers, body);
});
server.listen(Number(port), host, () => process.send?.("ready"));
process.on("message", (told: { token: string; delayMs: number }) => {
  token = told.token;
  delayMs = told.delayMs;
});
process.on("disconnect", () => process.exit(0));
