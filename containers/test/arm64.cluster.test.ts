// The images of arm64, on whatever machine: built as `npm run images -- --arch arm64` does, and run where the kernel starts
// such programs (emulated on amd64). The sensor's is tested always; with ATALAYA_CLUSTER_FULL the hub's and the indexes, too.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type BuiltImage, buildImages, indexImages, mebibytes, ownVersion } from "../build-images.ts";
import { architecturesNamed, type ImageName, imageNames, images } from "../images.ts";
import { runInImage } from "./container-run.ts";
import { bomShape } from "./cyclonedx-shape.ts";
import { filesOf, machineFiles, type UnpackedImage, unpackImage, unwantedFiles } from "./unpacked-image.ts";

const isFull = process.env["ATALAYA_CLUSTER_FULL"] === "1";
const tested: readonly ImageName[] = isFull ? imageNames : ["atalaya-sensor"];
const node = "/atalaya/bin/node";
const nobody = { uid: 65_532, gids: [65_532] };
/** e_machine of elf(5): EM_AARCH64, EM_BPF. */
const [aarch64, bpf] = [183, 247];
const say = (line: string) => process.stderr.write(`${line}\n`);

for (const name of tested) {
  describe(`${name} for arm64`, () => {
    let built: BuiltImage;
    let unpacked: UnpackedImage;
    before(async () => {
      const [image] = await buildImages({ names: [name], architectures: ["arm64"], say });
      if (image === undefined) throw new Error("one image was asked for");
      built = image;
      unpacked = unpackImage(built.tar);
      say(`${basename(built.tar)}: ${mebibytes(built.bytes)}`);
    });
    after(() => unpacked?.remove());

    test("carries the same tag, its architecture and a user that is not root", () => {
      assert.deepEqual(unpacked.tags, [`localhost/${name}:${ownVersion()}`]);
      assert.equal(unpacked.architecture, "arm64");
      assert.equal(unpacked.config.User, "65532:65532");
    });

    test("holds programs and libraries of arm64 alone, and no shell, package manager or source", () => {
      const files = machineFiles(unpacked.root);
      assert.ok(files.length >= 8, `only ${files.length} programs and libraries`);
      for (const { path, machine } of files) assert.equal(machine, path.endsWith(".bpf.o") ? bpf : aarch64, path);
      assert.deepEqual(unwantedFiles(unpacked.root), []);
    });

    test("has a bill of materials that names Debian's packages of arm64 and every file that is of them", () => {
      const text = readFileSync(join(unpacked.root, "atalaya/sbom.cdx.json"), "utf8");
      assert.equal(readFileSync(built.bom, "utf8"), text);
      const bom = bomShape.parse(JSON.parse(text));
      const debian = bom.components.filter(({ purl }) => purl?.startsWith("pkg:deb/"));
      for (const { purl = "" } of debian) assert.match(purl, /[?&]arch=(arm64|all)&/);
      assert.ok(debian.some(({ purl }) => purl?.includes("arch=arm64")));
      const listed = debian.flatMap((one) => one.properties ?? []).map((one) => one.value);
      for (const { path } of filesOf(unpacked.root).filter((one) => /^\/(usr|lib)/.test(one.path)))
        assert.ok(listed.includes(path), `${path} is of no component`);
    });

    test("runs, as nobody on a read-only root", async () => {
      const { root } = unpacked;
      const version = await runInImage({ root, args: [node, "-p", "process.arch + process.version"], ...nobody });
      assert.equal(version.stdout.trim(), `arm64${process.version}`, version.stderr);
      const main = `/atalaya/${images[name].parts[0]}/main.js`;
      const { status, stderr } = await runInImage({ root, args: [node, main, "--help"], ...nobody });
      assert.equal(status, 0, stderr);
    });
  });
}

if (isFull)
  test("an index holds the image of each architecture, as skopeo reads it", async () => {
    const built = await buildImages({ architectures: architecturesNamed("both"), say });
    for (const { file, bytes } of await indexImages(built)) {
      say(`${basename(file)}: ${mebibytes(bytes)}`);
      const index = JSON.parse(
        execFileSync("skopeo", ["inspect", "--raw", `oci-archive:${file}`], { encoding: "utf8" }),
      );
      const found = index.manifests.map((one: { platform: { architecture: string } }) => one.platform.architecture);
      assert.deepEqual(found.sort(), ["amd64", "arm64"]);
      for (const architecture of found) {
        const args = ["inspect", "--override-arch", architecture, `oci-archive:${file}`];
        assert.equal(JSON.parse(execFileSync("skopeo", args, { encoding: "utf8" })).Architecture, architecture);
      }
    }
  });
