import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dropLayoutAssertions } from "../../collector/test/without-assertions.ts";
import { buildSensorOf, copySources, linkModules, root } from "./trees.ts";

const left = ["node_modules", "build", ".git", "e2e"];
/** Bytes that each record's task is longer by. */
const moreBytes = 8;

/** The present sources in `folder`, of a build whose records are laid out otherwise: both sides, kernel and TypeScript. */
export function treeOfOtherLayout(folder: string): string {
  for (const name of readdirSync(root)) if (!left.includes(name)) copySources(name, folder);
  linkModules(folder);
  mkdirSync(join(folder, "build"));
  const bpf = join(folder, "collector/bpf");
  dropLayoutAssertions(bpf);
  change(join(bpf, "record.h"), (text) => text.replace(/(struct record_task \{\n)/, "$1\t__u64 of_another_build;\n"));
  change(join(folder, "collector/src/kernel/layout.ts"), moveMembers);
  buildSensorOf(folder);
  return folder;
}

/** Of a task every member lies further back, and of a record whatever comes after the task; sizes grow with it. */
function moveMembers(text: string): string {
  const [offsets = "", sizes = ""] = text.split("export const sizes");
  const moved = offsets.replaceAll(/(\w+): \{([^{}]*)\}/g, (whole, struct: string, members: string) => {
    if (!/_record$|^record_task$/.test(struct)) return whole;
    return `${struct}: {${members.replaceAll(/(\w+): (\d+)/g, grown)}}`;
  });
  return `${moved}export const sizes${sizes.replaceAll(/(\w*record\w*): (\d+)/g, grown)}`;
}

function grown(_: string, name: string, value: string): string {
  return `${name}: ${Number(value) + moreBytes}`;
}

function change(file: string, by: (text: string) => string): void {
  const text = readFileSync(file, "utf8");
  const changed = by(text);
  if (changed === text) throw new Error(`${file}: nothing was changed`);
  writeFileSync(file, changed);
}
