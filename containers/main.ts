// `npm run images`: all images into build/images.   npm run images -- [--arch amd64|arm64|both] [--tag TAG] [--base IMAGE] [--context-only] [NAME]...
import { parseArgs } from "node:util";
import { buildImages, indexImages, mebibytes, ownVersion } from "./build-images.ts";
import { architecturesNamed, type ImageName, imageNames, ownArchitecture } from "./images.ts";
import { layContext } from "./lay-context.ts";
import { buildSimulationImage, simulationImageName } from "./simulation-image.ts";

const say = (line: string) => void process.stderr.write(`atalaya: ${line}\n`);

const known: readonly string[] = [...imageNames, simulationImageName];

/** All of them when none is named. */
function wanted(given: readonly string[]): { names: ImageName[]; simulation: boolean } {
  const unknown = given.find((one) => !known.includes(one));
  if (unknown !== undefined) throw new Error(`there is no image ${unknown}, only ${known.join(", ")}`);
  const isWanted = (name: string) => given.length === 0 || given.includes(name);
  return { names: imageNames.filter(isWanted), simulation: isWanted(simulationImageName) };
}

function show(image: { reference: string; architecture?: string; bytes: number; isNew: boolean; tar: string }): void {
  const state = image.isNew ? "built" : "unchanged";
  process.stdout.write(
    `${image.reference}  ${image.architecture ?? ownArchitecture()}  ${mebibytes(image.bytes)}  ${state}  ${image.tar}\n`,
  );
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arch: { type: "string" },
    tag: { type: "string", default: ownVersion() },
    base: { type: "string" },
    "context-only": { type: "boolean", default: false },
  },
});
try {
  const { names, simulation } = wanted(positionals);
  const { tag, base } = values;
  const architectures = architecturesNamed(values.arch);
  const isOwn = architectures.includes(ownArchitecture());
  const onlyOwn = `${simulationImageName} is built for ${ownArchitecture()} alone`;
  if (!isOwn && positionals.includes(simulationImageName)) throw new Error(onlyOwn);
  if (values["context-only"]) {
    for (const name of names) process.stdout.write(`${await layContext(name, architectures, tag, say)}\n`);
  } else {
    const built = await buildImages({ names, architectures, tag, base, say });
    for (const image of built) show(image);
    if (architectures.length > 1)
      for (const { file, bytes } of await indexImages(built)) process.stdout.write(`${file}  ${mebibytes(bytes)}\n`);
    if (simulation && !isOwn) say(onlyOwn);
    else if (simulation) show(await buildSimulationImage({ tag, base, say }));
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
