import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptFetchOptions, aptSources } from "../../simulator/src/victim/apt-sources.ts";
import type { Architecture } from "../images.ts";
import { run } from "../run.ts";
import { cacheFolder } from "./cache-folder.ts";
import { listsFreshMs } from "./limits.ts";

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * One suite of Debian for one architecture, asked through an apt with a state of its own: nothing of this machine's apt is
 * touched. What comes is what Debian signed: apt proves the lists by the keyring, the lists hold each file's SHA-256.
 */
export class Debian {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#env = { ...process.env, APT_CONFIG: join(folder, "apt.conf") };
  }

  /** With lists of today; with older ones, said, where Debian is not reached. Throws an Error when there are none. */
  static async open(suite: string, architecture: Architecture, say: (line: string) => void): Promise<Debian> {
    const debian = new Debian(cacheFolder("apt", `${suite}-${architecture}`));
    await debian.#configure(suite, architecture);
    const stamp = join(debian.#folder, "updated");
    if (existsSync(stamp) && Date.now() - statSync(stamp).mtimeMs < listsFreshMs) return debian;
    say(`asking Debian what is new in ${suite} for ${architecture}`);
    try {
      await run("apt-get", ["-q", "update", "-o", "APT::Update::Error-Mode=any"], debian.#env);
      writeFileSync(stamp, "");
    } catch (error) {
      if (!existsSync(stamp)) throw error;
      say(`Debian is not reached, so ${suite} is that of ${statSync(stamp).mtime.toISOString().slice(0, 10)}`);
    }
    return debian;
  }

  async #configure(suite: string, architecture: Architecture): Promise<void> {
    const at = (name: string) => join(this.#folder, name);
    for (const name of ["state/lists/partial", "cache/archives/partial"]) mkdirSync(at(name), { recursive: true });
    writeFileSync(at("status"), "");
    writeFileSync(at("sources.list"), `deb [signed-by=${keyring}] ${mirror()} ${suite} main\n`);
    const settings = [
      `Dir::State "${at("state")}"`,
      `Dir::State::status "${at("status")}"`,
      `Dir::Cache "${at("cache")}"`,
      `Dir::Etc::SourceList "${at("sources.list")}"`,
      'Dir::Etc::SourceParts "/dev/null"',
      'Dir::Etc::Parts "/dev/null"',
      `APT::Architecture "${architecture}"`,
      `APT::Architectures { "${architecture}"; }`,
      'APT::Sandbox::User "root"',
      'Acquire::Languages "none"',
      ...(await aptFetchOptions()),
    ];
    writeFileSync(at("apt.conf"), settings.map((line) => `${line};\n`).join(""));
  }

  /** The names of the packages that the package needs. */
  async needs(name: string): Promise<string[]> {
    const text = await run("apt-cache", ["depends", "--important", name], this.#env);
    return [...text.matchAll(/^ {2}Depends: ([^<\s]+)$/gm)].map((match) => match[1] ?? "");
  }

  /** Fetches the packages and unpacks each once; gives the folders. Throws an Error when a checksum is another. */
  async unpacked(names: readonly string[]): Promise<string[]> {
    const uris = await run("apt-get", ["download", "--print-uris", ...names], this.#env);
    const found = [...uris.matchAll(/^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})$/gm)];
    if (found.length !== names.length) throw new Error(`apt names ${found.length} files for ${names.join(" ")}`);
    const folders: string[] = [];
    // In an order of its own: the package is the file's first word.
    for (const [, file = "", , sha256 = ""] of found)
      folders.push(await this.#unpack(file.split("_")[0] ?? "", file, sha256));
    return folders;
  }

  async #unpack(name: string, file: string, sha256: string): Promise<string> {
    const folder = join(cacheFolder("packages"), `${file.replace(/\.deb$/, "")}-${sha256.slice(0, 12)}`);
    if (existsSync(folder)) return folder;
    const fresh = `${folder}.${process.pid}.new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh);
    try {
      // apt-get writes to the directory that it is started in.
      await run("sh", ["-c", 'cd "$1" && exec apt-get -q download "$2"', "sh", fresh, name], this.#env);
      const bytes = readFileSync(join(fresh, file));
      if (createHash("sha256").update(bytes).digest("hex") !== sha256)
        throw new Error(`${file} is not what Debian's list says it is`);
      await run("dpkg-deb", ["-x", join(fresh, file), join(fresh, "root")]);
      renameSync(join(fresh, "root"), folder);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
    return folder;
  }
}

/** The mirror that this machine's own Debian comes from, else Debian's. */
function mirror(): string {
  const { lines, stanzas } = aptSources();
  return (
    /https?:\/\/\S+\/debian\/?(?=\s|$)/m.exec([...lines, ...stanzas].join("\n"))?.[0] ?? "http://deb.debian.org/debian"
  );
}
