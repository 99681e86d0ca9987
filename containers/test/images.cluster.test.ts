import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { root as checkout } from "../../tools/setup/root.mjs";
import { type BuiltImage, buildImages, mebibytes, ownVersion } from "../build-images.ts";
import { type ImageName, images, ownArchitecture } from "../images.ts";
import { runInImage, startInImage } from "./container-run.ts";
import { bomShape, referencesOf, type ShapedBom } from "./cyclonedx-shape.ts";
import { filesOf, machineFiles, type UnpackedImage, unpackImage, unwantedFiles } from "./unpacked-image.ts";

const node = "/atalaya/bin/node";
const nobody = { uid: 65_532, gids: [65_532] };
const readyMs = 60_000;

let built: Record<ImageName, BuiltImage>;
let unpacked: Record<ImageName, UnpackedImage>;

before(async () => {
  const [sensor, hub] = await buildImages({ say: (line) => process.stderr.write(`${line}\n`) });
  if (sensor === undefined || hub === undefined) throw new Error("there are two images");
  for (const { tar, bytes } of [sensor, hub]) process.stderr.write(`${basename(tar)}: ${mebibytes(bytes)}\n`);
  built = { "atalaya-sensor": sensor, atalaya: hub };
  unpacked = { "atalaya-sensor": unpackImage(sensor.tar), atalaya: unpackImage(hub.tar) };
});
after(() => {
  for (const image of Object.values(unpacked ?? {})) image.remove();
});

function bomOf(name: ImageName): ShapedBom {
  const inside = readFileSync(join(unpacked[name].root, "atalaya/sbom.cdx.json"), "utf8");
  assert.equal(readFileSync(built[name].bom, "utf8"), inside, "the bill beside the image is another one");
  return bomShape.parse(JSON.parse(inside));
}

describe("both images", () => {
  test("carry their tag, this machine's architecture and a user that is not root", () => {
    for (const [name, image] of Object.entries(unpacked)) {
      assert.deepEqual(image.tags, [`localhost/${name}:${ownVersion()}`]);
      assert.equal(image.architecture, ownArchitecture());
      assert.equal(image.config.User, "65532:65532");
    }
  });

  test("hold no shell, no package manager, no TypeScript, and nothing that changes its user", () => {
    for (const [name, { root }] of Object.entries(unpacked)) assert.deepEqual(unwantedFiles(root), [], name);
  });

  test("name neither this checkout nor this machine", () => {
    // Where packages are links, the bundler sees the place that they lead to.
    const traces = [checkout, realpathSync(join(checkout, "node_modules", "zod"))];
    for (const [name, { root }] of Object.entries(unpacked)) {
      for (const { path, isLink } of filesOf(root)) {
        // Node's and Debian's own files were built elsewhere; what came from here is ours.
        if (isLink || path === node || /^\/(usr|lib|etc)/.test(path)) continue;
        const bytes = readFileSync(join(root, path));
        for (const trace of traces) assert.equal(bytes.indexOf(trace), -1, `${name}: ${path} names ${trace}`);
        const names = new RegExp(`\\b${hostname()}\\.(local|internal)\\b`);
        assert.doesNotMatch(bytes.toString("latin1"), names, `${name}: ${path} names the machine`);
      }
    }
  });

  test("have a bill of materials of the shape that CycloneDX requires, and every file of other people in it", () => {
    for (const name of ["atalaya-sensor", "atalaya"] as const) {
      const bom = bomOf(name);
      const references = referencesOf(bom);
      assert.equal(new Set(references).size, references.length);
      const listed = bom.components.flatMap((one) => one.properties ?? []).map((one) => one.value);
      const libraries = filesOf(unpacked[name].root).filter(({ path }) => /^\/(usr|lib)/.test(path));
      assert.ok(libraries.length >= 5, "the C library has more files than that");
      for (const { path } of libraries) assert.ok(listed.includes(path), `${name}: ${path} is of no component`);
      const platform = bom.components.find((one) => one.name === "node");
      assert.equal(platform?.version, process.versions.node);
      for (const one of bom.components.filter(({ purl }) => purl?.startsWith("pkg:deb/")))
        assert.ok(
          filesOf(unpacked[name].root).some(({ path }) => path === `/atalaya/licences/debian/${one.name}`),
          one.name,
        );
    }
  });

  test("are not built again when nothing changed", async () => {
    for (const again of await buildImages()) assert.equal(again.isNew, false, again.name);
  });
});

describe("the sensor's image", () => {
  test("holds no module folder and no program but node and the probe", () => {
    const { root } = unpacked["atalaya-sensor"];
    const files = filesOf(root);
    assert.deepEqual(
      files.filter(({ path }) => path.includes("node_modules")),
      [],
    );
    const programs = machineFiles(root).map(({ path }) => path);
    const names = programs.filter((path) => !/\.so(\.\d+)*$|\.node$|\.bpf\.o$/.test(path));
    assert.deepEqual(names, [node, "/atalaya/collector/objects/healthy"]);
  });

  test("runs each part as nobody, on a read-only root, without a capability", async () => {
    for (const part of images["atalaya-sensor"].parts) {
      const args = [node, `/atalaya/${part}/main.js`, "--help"];
      const { status, stdout, stderr } = await runInImage({ root: unpacked["atalaya-sensor"].root, args, ...nobody });
      assert.equal(status, 0, `${part}: ${stderr}`);
      assert.match(stdout, new RegExp(`Usage: atalaya ${part}`));
    }
  });

  test("watches the kernel as root with the group atalaya and two capabilities", async () => {
    const container = startInImage({
      root: unpacked["atalaya-sensor"].root,
      args: [node, "/atalaya/collector/main.js", "--stdout", "--class", "process"],
      uid: 0,
      gids: [0, 65_532],
      capabilities: ["CAP_SYS_ADMIN", "CAP_SYS_PTRACE"],
      hostPid: true,
    });
    let said = "";
    container.process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const patience = setTimeout(() => container.close(), readyMs);
    // On a quiet machine nothing else would happen.
    const programs = setInterval(() => spawn("true", { stdio: "ignore" }), 200);
    try {
      if (container.process.stdout === null) throw new Error("stdout is piped");
      let first: unknown;
      for await (const line of createInterface({ input: container.process.stdout })) {
        first = JSON.parse(line);
        break;
      }
      assert.notEqual(first, undefined, `no event came: ${said}`);
    } finally {
      clearInterval(programs);
      clearTimeout(patience);
      container.close();
    }
  });
});

describe("the hub's image", () => {
  test("serves page and API as nobody, on a read-only root, and answers its own command line", async () => {
    const { root, config } = unpacked.atalaya;
    const args = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
    const writable = ["/var/lib/atalaya"];
    const container = startInImage({ root, args, ...nobody, env: config.Env ?? [], writable });
    const patience = setTimeout(() => container.close(), readyMs);
    try {
      const lines: string[] = [];
      if (container.process.stderr === null) throw new Error("stderr is piped");
      for await (const line of createInterface({ input: container.process.stderr })) {
        lines.push(line);
        if (line.includes("the hub is ready")) break;
      }
      assert.ok(lines.at(-1)?.includes("the hub is ready"), lines.join("\n"));
      const status = container.exec(["/atalaya/bin/atalaya", "status", "--json"]);
      assert.equal(status.stderr, "");
      assert.match(status.stdout, new RegExp(`"version":\\s*"${ownVersion().replaceAll(".", "\\.")}"`));
      // Rule packs, evaluators, the store's threads and the password's hash: all of it is there.
      assert.equal(container.exec(["/atalaya/bin/atalaya", "test-alert"]).status, 0);
      const page = `const r = await fetch("https://127.0.0.1:8443/"); console.log(r.status, (await r.text()).includes("<!doctype html>"));`;
      const get = [node, "--input-type=module", "-e", `process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0"; ${page}`];
      assert.match(container.exec(get).stdout, /200 true/);
    } finally {
      clearTimeout(patience);
      container.close();
    }
  });

  test("says of a part that it does not hold where that is", async () => {
    const args = ["/atalaya/bin/atalaya", "collector", "--help"];
    const { status, stderr } = await runInImage({ root: unpacked.atalaya.root, args, ...nobody });
    assert.equal(status, 2);
    assert.match(stderr, /holds no such part/);
  });
});
