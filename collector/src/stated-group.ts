// Where a container's control group is by its OCI config (`linux.cgroupsPath`), as runc and crun read it:
//
//   cgroupfs   /kubepods/pod<uid>/<id>          from the hierarchy's root; without the first /: from the runtime's own group
//   systemd    <slice>:<prefix>:<name>          /…/<slice>/<prefix>-<name>.scope, each dash of the slice a level of its own
//              (the cgroupfs driver takes the same words as one name)
//
// A control group's name is chosen by who makes it. That a container is there is the word of who started it.

/** Whether a control group is the one that the config names. `path` starts at the hierarchy's root. */
export function isStated(path: string, cgroupsPath: string): boolean {
  const tails = [tailOf(cgroupsPath)];
  const unit = unitOf(cgroupsPath);
  if (unit !== undefined) tails.push(`/${unit}`);
  return tails.some((tail) => path === tail || path.endsWith(tail));
}

/** Where the config puts it, from the hierarchy's root; undefined where that depends on who started it. */
export function statedPath(cgroupsPath: string): string | undefined {
  const unit = unitOf(cgroupsPath);
  if (unit !== undefined) return `${pathOfSlice(cgroupsPath.split(":", 1)[0] || "system.slice")}/${unit}`;
  return cgroupsPath.startsWith("/") ? tailOf(cgroupsPath) : undefined;
}

function tailOf(path: string): string {
  return `/${path.split("/").filter(isPart).join("/")}`;
}

/** The name of the scope, or of the slice where it is given as one. */
function unitOf(cgroupsPath: string): string | undefined {
  const [slice, prefix, name, ...more] = cgroupsPath.split(":");
  if (slice?.includes("/") || prefix === undefined || name === undefined || name === "" || more.length > 0)
    return undefined;
  if (name.endsWith(".slice")) return name;
  return prefix === "" ? `${name}.scope` : `${prefix}-${name}.scope`;
}

/** systemd.slice(5): a-b.slice lies in a.slice; -.slice is the root. */
function pathOfSlice(slice: string): string {
  const levels = slice
    .replace(/\.slice$/, "")
    .split("-")
    .filter(isPart);
  return levels.map((_level, i) => `/${levels.slice(0, i + 1).join("-")}.slice`).join("");
}

function isPart(part: string): boolean {
  return part !== "" && part !== ".";
}
