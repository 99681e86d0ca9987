import { readFileSync } from "node:fs";
import { join } from "node:path";
import { listFolder } from "../run-folder.ts";
import { runProgram } from "../run-program.ts";

/** Where the victim's Debian packages come from: the release, and sources.list(5) in both of its forms. */
export type AptSources = { suite: string; lines: string[]; stanzas: string[] };

/**
 * This machine's own Debian sources, so that a mirror is used where there is one, and only Debian's: a repository of
 * somebody else may need keys, or replace packages. On a machine that is not Debian: bookworm from deb.debian.org.
 */
export function aptSources(root = "/"): AptSources {
  const suite = debianRelease(join(root, "etc/os-release"));
  if (suite === undefined) return { suite: "bookworm", lines: [plainLine("bookworm")], stanzas: [] };
  const folder = join(root, "etc/apt/sources.list.d");
  const texts = (extension: string) =>
    listFolder(folder)
      .filter((name) => name.endsWith(extension))
      .map((name) => read(join(folder, name)));
  const lines = [read(join(root, "etc/apt/sources.list")), ...texts(".list")]
    .flatMap((text) => text.split("\n"))
    .filter((line) => isDebianLine(line, suite));
  const stanzas = texts(".sources")
    .flatMap((text) => text.split(/\n\s*\n/))
    .filter((stanza) => isDebianStanza(stanza, suite));
  if (lines.length + stanzas.length === 0) lines.push(plainLine(suite));
  return { suite, lines, stanzas };
}

const plainLine = (suite: string) => `deb http://deb.debian.org/debian ${suite} main`;

/** This machine's settings for fetching packages (proxies, and what a mirror of an old day needs), as `key "value"`. */
export async function aptFetchOptions(): Promise<string[]> {
  const dump = await runProgram("apt-config", ["dump", "--no-empty"]).catch(() => undefined);
  const wanted = /^Acquire::(https?::(Proxy|Timeout|Verify)|Check-Valid-Until|Check-Date|ForceIPv[46]|Retries)/i;
  const lines = (dump?.stdout ?? "").split("\n").filter((line) => wanted.test(line));
  // A proxy chosen by a program of this machine is asked for here: the program is not in the victim's root.
  return lines.map((line) => line.replace(/;\s*$/, "")).filter((line) => !/Proxy-Auto-Detect/i.test(line));
}

function debianRelease(path: string): string | undefined {
  const text = read(path);
  if (!/^ID=debian$/m.test(text)) return undefined;
  return /^VERSION_CODENAME=([a-z]+)$/m.exec(text)?.[1];
}

function isDebianStanza(stanza: string, suite: string): boolean {
  const field = (name: string) => new RegExp(`^${name}:(.*)$`, "mi").exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
  if (/^Enabled:\s*no/im.test(stanza) || !field("Types").includes("deb")) return false;
  return isDebian(field("URIs")[0] ?? "", field("Suites"), field("Components"), suite);
}

function isDebianLine(line: string, suite: string): boolean {
  const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line);
  return match !== null && isDebian(match[1] ?? "", [match[2] ?? ""], (match[3] ?? "").split(/\s+/), suite);
}

function isDebian(uri: string, suites: string[], components: string[], suite: string): boolean {
  const ours = [suite, `${suite}-updates`, `${suite}-security`];
  return (
    /\/debian(-security)?\/?$/.test(uri) && components.includes("main") && suites.every((one) => ours.includes(one))
  );
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
