// node e2e/guests/main.ts NAME        boots one guest and prints its result
// node e2e/guests/main.ts --write-docs    writes docs/kernels.md from the last results of all
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/setup/root.mjs";
import { guests } from "./guests.ts";
import { kernelsPage } from "./kernels-page.ts";
import { preparedGuest } from "./prepared-guest.ts";
import { keepResult, lastResults } from "./results.ts";
import { runGuest } from "./run-guest.ts";

const say = (line: string) => process.stderr.write(`guests: ${line}\n`);

async function bootOne(name: string): Promise<void> {
  const guest = guests.find((one) => one.name === name);
  if (guest === undefined) throw new Error(`guests are ${guests.map((one) => one.name).join(", ")}`);
  const { image, sources, archive } = await preparedGuest(guest, say);
  const show = (text: string) => void process.stderr.write(text);
  const result = { ...(await runGuest(guest, image.vmlinuz, [archive], show)), sources };
  keepResult(guest.name, result);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
}

function writeDocs(): void {
  const results = lastResults(guests);
  const page = join(root, "docs", "kernels.md");
  writeFileSync(page, kernelsPage(results));
  execFileSync(join(root, "node_modules", ".bin", "biome"), ["format", "--write", page]); // tables as the tree has them
  say(`docs/kernels.md speaks of ${results.length} guests`);
}

const [what = ""] = process.argv.slice(2);
if (what === "--write-docs") writeDocs();
else await bootOne(what);
