import { execFileSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import type { DebianPackage } from "../sbom/debian-components.ts";

/** The release of the Debian that this runs in, like `debian-12`. */
export function debianRelease(): string {
  const text = readFileSync("/etc/os-release", "utf8");
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)`, "m").exec(text)?.[1] ?? "";
  return `${value("ID")}-${value("VERSION_ID")}`;
}

/**
 * The packages that own the files; `generated` names the package whose scripts made a file. Throws an Error that names a
 * file of no package.
 */
export function owners(files: readonly string[], generated: Readonly<Record<string, string>> = {}): DebianPackage[] {
  const packages = new Map<string, DebianPackage>();
  for (const file of files) {
    const name = generated[file] ?? ownerOf(file);
    const known = packages.get(name) ?? describe(name);
    known.files.push(file);
    packages.set(name, known);
  }
  return [...packages.values()];
}

/** /lib is a link to /usr/lib, and dpkg knows a file by the name that its package was built with. */
function ownerOf(file: string): string {
  const real = realpathSync(file);
  const names = [file, real].flatMap((one) => [one, one.replace(/^\/usr(?=\/)/, ""), `/usr${one}`]);
  for (const name of names) {
    try {
      const said = execFileSync("dpkg-query", ["-S", name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      const owner = /^([^\s:,]+)/.exec(said)?.[1];
      if (owner !== undefined) return owner;
    } catch {
      // Not under this name: the next one.
    }
  }
  throw new Error(`${file} belongs to no Debian package: the base image must be a Debian with its package database`);
}

function describe(name: string): DebianPackage {
  const format = `${["binary:Package", "Version", "Architecture", "source:Package", "source:Version"].map((one) => `\${${one}}`).join("\t")}\n`;
  const said = execFileSync("dpkg-query", ["-W", "-f", format, name], { encoding: "utf8" });
  const [full = "", version = "", architecture = "", source = "", sourceVersion = ""] = (
    said.split("\n")[0] ?? ""
  ).split("\t");
  return {
    name: full.split(":")[0] ?? full,
    version,
    architecture,
    source: `${source} ${sourceVersion}`,
    files: [],
  };
}
