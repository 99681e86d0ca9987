import type { Component } from "./cyclonedx.ts";

export type DebianPackage = { name: string; version: string; architecture: string; source: string; files: string[] };

/** A Debian package of which an image has some files. `release` is the distribution's, like `debian-12`. */
export function debianComponent(one: DebianPackage, release: string): Component {
  const purl = `pkg:deb/debian/${encodeURIComponent(one.name)}@${encodeURIComponent(one.version)}?arch=${one.architecture}&distro=${release}`;
  return {
    type: "library",
    "bom-ref": purl,
    name: one.name,
    version: one.version,
    purl,
    properties: [
      { name: "atalaya:source", value: one.source },
      ...one.files.map((file) => ({ name: "atalaya:file", value: file })),
    ],
  };
}
