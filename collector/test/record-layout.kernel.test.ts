import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { skipUnless } from "../../tools/testing/needs.ts";
import { buildCollector } from "../build.mjs";
import { layout, recordFlag, recordKind, sizes } from "../src/kernel/layout.ts";
import { objectFolder, root } from "./kernel-watch.ts";

type BtfType = {
  kind: string;
  name: string;
  size?: number;
  members?: { name: string; bits_offset: number }[];
};

function typesOf(object: string): BtfType[] {
  const text = execFileSync("bpftool", ["btf", "dump", "file", join(objectFolder, object), "-j"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
  });
  return (JSON.parse(text) as { types: BtfType[] }).types;
}

describe("the layout of records", { skip: skipUnless("kernel") }, () => {
  let structs: Map<string, BtfType[]>;
  before(async () => {
    await buildCollector({ root, log: () => undefined });
    structs = new Map();
    for (const object of readdirSync(objectFolder).filter((name) => name.endsWith(".bpf.o"))) {
      for (const type of typesOf(object)) {
        if (type.kind === "STRUCT") structs.set(type.name, [...(structs.get(type.name) ?? []), type]);
      }
    }
  });

  for (const [name, members] of Object.entries(layout)) {
    test(`TypeScript reads ${name} where the built programs write it`, () => {
      const built = structs.get(name) ?? [];
      assert.ok(built.length > 0, `${name} is in no object`);
      for (const struct of built) {
        const offsets = new Map(struct.members?.map((member) => [member.name, member.bits_offset / 8]));
        for (const [member, offset] of Object.entries(members)) assert.equal(offsets.get(member), offset, member);
      }
    });
  }

  for (const [name, size] of Object.entries(sizes)) {
    test(`${name} has ${size} bytes`, () => {
      const built = structs.get(name) ?? [];
      assert.ok(built.length > 0, `${name} is in no object`);
      for (const struct of built) assert.equal(struct.size, size);
    });
  }

  test("kinds and flags are those of record.h", () => {
    const header = execFileSync("cat", [join(root, "collector", "bpf", "record.h")], { encoding: "utf8" });
    for (const [name, kind] of Object.entries(recordKind)) {
      assert.match(header, new RegExp(`KIND_${name.toUpperCase()} = ${kind},`));
    }
    for (const [name, flag] of Object.entries(recordFlag)) {
      const constant = name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
      const value = Number(new RegExp(`FLAG_${constant} (0x[0-9a-f]+)`).exec(header)?.[1]);
      assert.equal(value, flag, constant);
    }
  });
});
