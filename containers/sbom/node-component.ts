import type { Component } from "./cyclonedx.ts";

// Names under which scanners know what Node.js is built of; what is not here has no identity of its own.
const known: Readonly<Record<string, (version: string) => string>> = {
  openssl: (version) => `cpe:2.3:a:openssl:openssl:${version.replace(/\+.*$/, "")}:*:*:*:*:*:*:*`,
  uv: (version) => `cpe:2.3:a:libuv:libuv:${version}:*:*:*:*:*:*:*`,
  zlib: (version) => `cpe:2.3:a:zlib:zlib:${version.split("-")[0] ?? version}:*:*:*:*:*:*:*`,
  sqlite: (version) => `cpe:2.3:a:sqlite:sqlite:${version}:*:*:*:*:*:*:*`,
  nghttp2: (version) => `cpe:2.3:a:nghttp2:nghttp2:${version}:*:*:*:*:*:*:*`,
  ares: (version) => `cpe:2.3:a:c-ares_project:c-ares:${version}:*:*:*:*:*:*:*`,
};
/** Numbers of interfaces and data, not programs. */
const notSoftware = new Set(["node", "modules", "napi", "cldr", "unicode", "tz"]);

/** Node with what is built into its binary, as it says itself (`process.versions`). */
export function nodeComponent(versions: Readonly<Record<string, string | undefined>>): Component {
  const version = versions["node"] ?? "";
  const inside = Object.entries(versions).flatMap(([name, of = ""]): Component[] => {
    if (notSoftware.has(name) || of === "") return [];
    const cpe = known[name]?.(of);
    return [
      { type: "library", "bom-ref": `node/${name}@${of}`, name, version: of, ...(cpe === undefined ? {} : { cpe }) },
    ];
  });
  return {
    type: "platform",
    "bom-ref": `pkg:generic/node@${version}`,
    name: "node",
    version,
    licenses: [{ license: { id: "MIT" } }],
    purl: `pkg:generic/node@${version}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    components: inside.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
