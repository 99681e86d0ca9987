import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { bundleFiles } from "../../tools/bundle.mjs";
import { root } from "../../tools/setup/root.mjs";
import { images } from "../images.ts";
import { type Component, makeBom } from "../sbom/cyclonedx.ts";
import { debianComponent } from "../sbom/debian-components.ts";
import { nodeComponent } from "../sbom/node-component.ts";
import { type Lock, npmComponent, packagesOf } from "../sbom/npm-components.ts";
import { bomShape, referencesOf } from "./cyclonedx-shape.ts";

const lock: Lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
const subject: Component = { type: "container", "bom-ref": "atalaya@1", name: "atalaya", version: "1" };
const tool: Component = { type: "application", "bom-ref": "tool@1", name: "tool", version: "1" };

async function packagesOfBundles(parts: Parameters<typeof bundleFiles>[1]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-bom-"));
  try {
    return packagesOf(await bundleFiles(folder, parts), lock);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the bill of the hub's image has the shape that CycloneDX 1.6 requires", async () => {
  const places = await packagesOfBundles(images.atalaya.parts);
  const debian = {
    name: "libstdc++6",
    version: "12.2.0-14+deb12u1",
    architecture: "amd64",
    source: "gcc-12",
    files: [],
  };
  const components = [
    ...places.map((place) => npmComponent(place, lock)),
    nodeComponent(process.versions),
    debianComponent(debian, "debian-12"),
  ];
  const bom = bomShape.parse(JSON.parse(JSON.stringify(makeBom(subject, components, tool, 1_700_000_000))));
  const references = referencesOf(bom);
  assert.equal(new Set(references).size, references.length, "a reference is there twice");
  for (const { ref, dependsOn } of bom.dependencies)
    for (const one of [ref, ...dependsOn]) assert.ok(references.includes(one), `${one} is no component`);
  const fastify = bom.components.find((one) => one.purl?.startsWith("pkg:npm/fastify@"));
  assert.deepEqual(fastify?.licenses, [{ license: { id: "MIT" } }]);
  const integrity = lock.packages["node_modules/fastify"]?.integrity ?? "";
  assert.equal(fastify?.hashes?.[0]?.content, Buffer.from(integrity.slice(7), "base64").toString("hex"));
  assert.ok(bom.components.some((one) => one.purl?.startsWith("pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?")));
});

test("the sensor's bundles hold no database driver, no server, and nothing that only tests or builds need", async () => {
  const places = await packagesOfBundles(images["atalaya-sensor"].parts);
  const names = places.map((place) => place.replace(/^.*node_modules\//, ""));
  assert.deepEqual(
    names.filter((name) =>
      /^(kysely|pg|better-sqlite3|fastify|@fastify\/|@node-rs\/|esbuild|typescript|vite)/.test(name),
    ),
    [],
  );
  assert.ok(names.includes("zod"), `zod checks what comes in, and is not among ${names.join(", ")}`);
});

test("a file of a nested package belongs to that one, wherever the packages lie", () => {
  const nested: Lock = {
    packages: {
      "node_modules/outer": { version: "1.0.0" },
      "node_modules/outer/node_modules/@s/inner": { version: "2.0.0" },
      "node_modules/@s/inner": { version: "1.5.0" },
    },
  };
  const sources = [
    "../elsewhere/node_modules/outer/node_modules/@s/inner/a/b.js",
    "node_modules/@s/inner/c.js",
    "wire/index.ts",
  ];
  const places = packagesOf(sources, nested);
  assert.deepEqual(places, ["node_modules/@s/inner", "node_modules/outer/node_modules/@s/inner"]);
  const components = places.map((place) => npmComponent(place, nested));
  assert.deepEqual(
    components.map((one) => [one.group, one.name, one.version]),
    [
      ["@s", "inner", "1.5.0"],
      ["@s", "inner", "2.0.0"],
    ],
  );
  assert.notEqual(components[0]?.["bom-ref"], components[1]?.["bom-ref"]);
});

test("a bundled file of a package that the lock file does not name is an error, not an omission", () => {
  assert.throws(() => packagesOf(["node_modules/unheard-of/index.js"], { packages: {} }), /no package of package-lock/);
});

test("the number of a bill depends on what is in it, not on the order or the day", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(names, fc.nat(2_000_000_000), (some, seconds) => {
      const parts = some.map((name): Component => ({ type: "library", "bom-ref": name, name, version: "1" }));
      const bom = makeBom(subject, parts, tool, seconds);
      bomShape.parse(JSON.parse(JSON.stringify(bom)));
      assert.equal(makeBom(subject, parts.toReversed(), tool, 0).serialNumber, bom.serialNumber);
      assert.notEqual(makeBom(subject, parts.slice(1), tool, seconds).serialNumber, bom.serialNumber);
    }),
  );
});
