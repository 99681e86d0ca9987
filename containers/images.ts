import { nodeParts, type Part } from "../tools/bundle.mjs";

/** What is laid into an image beside node and the libraries that it needs; folders are named from the checkout. */
export type ImageContents = {
  /** Each becomes `/atalaya/PART/main.js`. */
  parts: readonly Part[];
  /** Place below /atalaya -> folder or file. */
  files: Readonly<Record<string, string>>;
  /** Where the collector's programs and addon of the architecture lie, in the image that has them. */
  sensor?: string;
  /** npm packages that are programs of the machine, by what they are named for an npm architecture. */
  nativePackages: (architecture: NpmArchitecture) => readonly string[];
  /** Files (below /atalaya) that the program loads into itself: the build proves that they load. */
  loaded: (architecture: NpmArchitecture) => readonly string[];
  /** Whether `/atalaya/bin/atalaya` is there. */
  command: boolean;
  /** Other people's packages that lie in `files`: a list that their build wrote, of source files. */
  modules: readonly string[];
};

export const imageNames = ["atalaya-sensor", "atalaya"] as const;
export type ImageName = (typeof imageNames)[number];

const argon2 = (architecture: NpmArchitecture) => `@node-rs/argon2-linux-${architecture}-gnu`;

export const images: Readonly<Record<ImageName, ImageContents>> = {
  "atalaya-sensor": {
    parts: [...nodeParts, "release"],
    files: {},
    sensor: "collector/objects",
    nativePackages: () => [],
    loaded: () => ["collector/objects/addon.node"],
    command: false,
    modules: [],
  },
  atalaya: {
    parts: ["hub", "cli"],
    files: { web: "build/web", packs: "detections/packs" },
    nativePackages: (architecture) => [argon2(architecture)],
    loaded: (architecture) => [`node_modules/${argon2(architecture)}/argon2.linux-${architecture}-gnu.node`],
    command: true,
    modules: ["build/web.modules.json"],
  },
};

/** The names of an architecture in images and in npm. */
export const architectures = { amd64: "x64", arm64: "arm64" } as const;
export type Architecture = keyof typeof architectures;
export type NpmArchitecture = (typeof architectures)[Architecture];

/** `amd64`, `arm64` or `both`; this machine's when nothing is said. Throws an Error on anything else. */
export function architecturesNamed(said: string | undefined): Architecture[] {
  const names = Object.keys(architectures) as Architecture[];
  if (said === undefined) return [ownArchitecture()];
  if (said === "both") return names;
  const found = names.find((name) => name === said);
  if (found === undefined) throw new Error(`--arch takes ${names.join(", ")} or both`);
  return [found];
}

/** This machine's. Throws an Error on one that no image is built for. */
export function ownArchitecture(): Architecture {
  const names = Object.keys(architectures) as Architecture[];
  const found = names.find((name) => architectures[name] === process.arch);
  if (found === undefined) throw new Error(`Images are built for ${names.join(" and ")}, not for ${process.arch}.`);
  return found;
}
