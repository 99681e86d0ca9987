import { readFileSync } from "node:fs";
import { request } from "node:https";

// node post-from.ts URL CA-FILE ADDRESS, run inside a cluster's network: posts the JSON of standard input from one of its
// addresses, and prints the answer's status and JSON.

const [url = "", caFile = "", localAddress = ""] = process.argv.slice(2);
const headers = { "content-type": "application/json" };
const sent = request(url, { method: "POST", ca: readFileSync(caFile), localAddress, headers }, (answer) => {
  let text = "";
  answer.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  answer.on("end", () => process.stdout.write(JSON.stringify({ status: answer.statusCode, body: JSON.parse(text) })));
});
sent.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
sent.end(readFileSync(0));
