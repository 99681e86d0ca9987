import type { Component, Hash, License } from "./cyclonedx.ts";

/** One entry of a package-lock.json of version 3. */
export type LockedPackage = { version?: string; integrity?: string; license?: string; link?: boolean };
export type Lock = { packages: Record<string, LockedPackage> };

/**
 * The installed packages (places in the lock file, like `node_modules/ajv`) whose files are among `sources`. A source
 * may be named from anywhere: what counts is what follows its first `node_modules/`.
 */
export function packagesOf(sources: readonly string[], lock: Lock): string[] {
  const found = new Set<string>();
  for (const source of sources) {
    const start = source.indexOf("node_modules/");
    if (start < 0) continue;
    found.add(placeOf(source.slice(start), lock));
  }
  return [...found].sort();
}

/** The deepest package of the lock file that holds the file. Throws an Error when there is none. */
function placeOf(path: string, lock: Lock): string {
  const parts = path.split("/");
  for (let length = parts.length - 1; length > 0; length--) {
    const place = parts.slice(0, length).join("/");
    if (Object.hasOwn(lock.packages, place)) return place;
  }
  throw new Error(`${path} is in a bundle, and in no package of package-lock.json: run npm ci`);
}

/** What the lock file knows of a package. Throws an Error for a place that it does not name. */
export function npmComponent(place: string, lock: Lock): Component {
  const locked = lock.packages[place];
  if (locked?.version === undefined) throw new Error(`package-lock.json has no version of ${place}`);
  const fullName = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
  const [group, name] = fullName.startsWith("@") ? fullName.split("/") : [undefined, fullName];
  const purl = `pkg:npm/${fullName.replace("@", "%40")}@${locked.version}`;
  return {
    type: "library",
    "bom-ref": place === `node_modules/${fullName}` ? purl : `${purl}?place=${encodeURIComponent(place)}`,
    ...(group === undefined ? {} : { group }),
    name: name ?? fullName,
    version: locked.version,
    ...(locked.integrity === undefined ? {} : { hashes: hashesOf(locked.integrity) }),
    ...(locked.license === undefined ? {} : { licenses: [licenseOf(locked.license)] }),
    purl,
  };
}

/** Subresource integrity (`sha512-BASE64`) as CycloneDX writes it: in hexadecimal. */
function hashesOf(integrity: string): Hash[] {
  return integrity.split(" ").flatMap((one) => {
    const [algorithm, base64 = ""] = one.split("-");
    if (algorithm !== "sha512" && algorithm !== "sha256") return [];
    const content = Buffer.from(base64, "base64").toString("hex");
    return [{ alg: algorithm === "sha512" ? "SHA-512" : "SHA-256", content } as const];
  });
}

function licenseOf(text: string): License {
  if (/\s(OR|AND|WITH)\s/.test(text)) return { expression: text };
  return { license: /^[A-Za-z0-9.+-]+$/.test(text) ? { id: text } : { name: text } };
}
