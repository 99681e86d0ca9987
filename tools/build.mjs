// `npm run build`: the page, the BPF objects and the addon, into build/.
import { prepare, say } from "./setup/prepare.mjs";

for (const line of await prepare({ withTests: true, yes: true })) {
  say(line);
  process.exitCode = 1;
}
