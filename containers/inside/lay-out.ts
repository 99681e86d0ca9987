// Runs inside the base image, as the last step before the image is put together: finds the libraries, proves that all of
// it loads with them alone, and writes the bill of materials.   node lay-out.mjs CONTEXT IMAGE
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Contents } from "../contents.ts";
import { type Component, makeBom } from "../sbom/cyclonedx.ts";
import { debianComponent } from "../sbom/debian-components.ts";
import { nodeComponent } from "../sbom/node-component.ts";
import { debianRelease, owners } from "./debian-packages.ts";
import { librariesOf } from "./libraries.ts";

const certificates = "/etc/ssl/certs/ca-certificates.crt";
const userFiles = {
  "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\natalaya:x:65532:65532:Atalaya:/:/sbin/nologin\n",
  "etc/group": "root:x:0:\natalaya:x:65532:\n",
  // Without it the C library asks the name server before /etc/hosts.
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

const [context = "", image = ""] = process.argv.slice(2);
const contents: Contents = JSON.parse(readFileSync(join(context, "contents.json"), "utf8"));
// Two trees, a layer each: what changes with Debian and node, and what changes with us.
const runtime = join(image, "runtime");
const product = join(image, "product");

function place(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

function layRuntime(): string[] {
  const node = join(context, "atalaya/bin/node");
  const libraries = librariesOf([node, ...contents.loaded.map((file) => join(context, "atalaya", file))]);
  place(node, join(runtime, "atalaya/bin/node"));
  for (const library of libraries) place(library, join(runtime, library));
  place(certificates, join(runtime, certificates));
  for (const [path, text] of Object.entries(userFiles)) {
    mkdirSync(dirname(join(runtime, path)), { recursive: true });
    writeFileSync(join(runtime, path), text);
  }
  mkdirSync(join(runtime, "tmp"));
  chmodSync(join(runtime, "tmp"), 0o1777);
  return libraries;
}

/** What was copied is all there is: a library that only the base has would be missed on the first node. */
function proveLoads(): void {
  const proof = join(runtime, "proof");
  for (const file of contents.loaded) {
    place(join(context, "atalaya", file), join(proof, "loaded.node"));
    const load = `process.dlopen({ exports: {} }, "/proof/loaded.node")`;
    execFileSync("chroot", [runtime, "/atalaya/bin/node", "-e", load], { stdio: "inherit" });
  }
  execFileSync("chroot", [runtime, "/atalaya/bin/node", "--version"], { stdio: "inherit" });
  rmSync(proof, { recursive: true, force: true });
}

function layProduct(): void {
  mkdirSync(product, { recursive: true });
  renameSync(join(context, "atalaya/bin/node"), join(context, "node"));
  cpSync(join(context, "atalaya"), join(product, "atalaya"), { recursive: true });
  // The volume's place, for the image that has one.
  mkdirSync(join(image, "data"), { mode: 0o700 });
}

function billOfMaterials(files: readonly string[]): string {
  const release = debianRelease();
  const debian = owners(files, { [certificates]: "ca-certificates" });
  for (const { name } of debian) {
    const copyright = join("/usr/share/doc", name, "copyright");
    if (existsSync(copyright)) place(copyright, join(runtime, "atalaya/licences/debian", name));
  }
  const { image: name, version } = contents;
  const subject: Component = { type: "container", "bom-ref": `${name}@${version}`, name, version };
  const tool: Component = {
    type: "application",
    "bom-ref": `atalaya-images@${version}`,
    name: "atalaya-images",
    version,
  };
  const components = [
    nodeComponent(process.versions),
    ...debian.map((one) => debianComponent(one, release)),
    ...contents.components,
  ];
  const seconds = Number(process.env["SOURCE_DATE_EPOCH"] ?? 0);
  return `${JSON.stringify(makeBom(subject, components, tool, seconds), null, 1)}\n`;
}

const libraries = layRuntime();
proveLoads();
layProduct();
writeFileSync(join(product, "atalaya/sbom.cdx.json"), billOfMaterials([...libraries, certificates]));
