// `npm run images`: both images into build/images.   npm run images -- [--tag TAG] [--base IMAGE] [--context-only] [NAME]...
import { parseArgs } from "node:util";
import { buildImages, ownVersion } from "./build-images.ts";
import { type ImageName, imageNames, ownArchitecture } from "./images.ts";
import { layContext } from "./lay-context.ts";

const say = (line: string) => void process.stderr.write(`atalaya: ${line}\n`);
const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

function wanted(given: readonly string[]): ImageName[] {
  const unknown = given.find((one) => !imageNames.some((name) => name === one));
  if (unknown !== undefined) throw new Error(`there is no image ${unknown}, only ${imageNames.join(" and ")}`);
  return given.length === 0 ? [...imageNames] : imageNames.filter((name) => given.includes(name));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tag: { type: "string", default: ownVersion() },
    base: { type: "string" },
    "context-only": { type: "boolean", default: false },
  },
});
try {
  const names = wanted(positionals);
  if (values["context-only"]) {
    for (const name of names) process.stdout.write(`${await layContext(name, ownArchitecture(), values.tag)}\n`);
  } else {
    for (const image of await buildImages({ names, tag: values.tag, base: values.base, say })) {
      const state = image.isNew ? "built" : "unchanged";
      process.stdout.write(`${image.reference}  ${mebibytes(image.bytes)}  ${state}  ${image.tar}\n`);
    }
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
