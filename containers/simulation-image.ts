import { existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { prepareVictimRoot } from "@atalaya/simulator";
import { root } from "../tools/setup/root.mjs";
import { dropStamp, hashInputs, isFresh, writeStamp } from "../tools/setup/stamp.mjs";
import { imagesFolder, ownVersion } from "./build-images.ts";
import { buildArchive, buildRootImage, hasImage } from "./builder.ts";

export const simulationImageName = "atalaya-simulation";

export type SimulationImage = { reference: string; tar: string; bytes: number; isNew: boolean };

/**
 * Builds attacker and victim of the attack simulation into build/images/atalaya-simulation.tar (a docker archive), on the
 * Debian that the simulation in local containers uses, too, so that nothing is fetched twice. Needs root, buildah and
 * mmdebstrap. Throws an Error that says what is missing or which command failed.
 */
export async function buildSimulationImage(
  options: { tag?: string; base?: string | undefined; say?: (line: string) => void } = {},
): Promise<SimulationImage> {
  const say = options.say ?? (() => {});
  const reference = `localhost/${simulationImageName}:${options.tag ?? ownVersion()}`;
  const tar = join(imagesFolder, `${simulationImageName}.tar`);
  const stamp = join(imagesFolder, `${simulationImageName}.stamp`);
  const containerfile = join(root, "containers", `${simulationImageName}.Containerfile`);
  const context = join(root, "containers", simulationImageName);
  const base = options.base ?? (await victimBase(say));
  const digest = `${reference} ${base} ${hashInputs([containerfile, context])}`;
  const isNew = !(isFresh(stamp, digest) && existsSync(tar));
  if (isNew) {
    dropStamp(stamp);
    say(`building ${reference}`);
    mkdirSync(imagesFolder, { recursive: true });
    await buildArchive(tar, reference, ["--build-arg", `BASE=${base}`, "-f", containerfile, context]);
    writeStamp(stamp, digest);
  }
  return { reference, tar, bytes: statSync(tar).size, isNew };
}

/** The local victim's root as an image; its folder's name tells which release and packages are in it. */
async function victimBase(say: (line: string) => void): Promise<string> {
  const victim = await prepareVictimRoot({ onProgress: (what) => say(`preparing the victim's root: ${what}`) });
  if (victim.kind !== "debian") throw new Error(`The image needs a Debian: ${victim.reason ?? "it can't be had"}`);
  const name = `localhost/atalaya-simulation-base:${basename(victim.path)}`;
  if (await hasImage(name)) return name;
  say("packing the victim's root");
  await buildRootImage(name, victim.path);
  return name;
}
