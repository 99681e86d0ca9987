import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CpioEntry, cpio } from "./cpio.ts";

const entries: readonly CpioEntry[] = [
  { path: "usr", kind: "folder" },
  { path: "usr/bin", kind: "folder" },
  { path: "bin", kind: "link", target: "usr/bin" },
  { path: "usr/bin/tool", kind: "file", content: Buffer.from("#!/bin/sh\n"), executable: true },
  { path: "usr/empty", kind: "file", content: Buffer.alloc(0), executable: false },
];

/** The members by the grammar that stands in cpio.ts, read back. */
function membersOf(archive: Buffer): { name: string; mode: number; content: Buffer }[] {
  const members = [];
  for (let at = 0; ; ) {
    assert.equal(archive.toString("latin1", at, at + 6), "070701");
    const number = (i: number) => Number.parseInt(archive.toString("latin1", at + 6 + i * 8, at + 14 + i * 8), 16);
    const [mode, size, nameBytes] = [number(1), number(6), number(11)];
    const name = archive.toString("utf8", at + 110, at + 110 + nameBytes - 1);
    const from = (at + 110 + nameBytes + 3) & ~3;
    if (name === "TRAILER!!!") {
      assert.equal(from, archive.length);
      return members;
    }
    members.push({ name, mode, content: archive.subarray(from, from + size) });
    at = (from + size + 3) & ~3;
  }
}

test("folders, links and files lie in the archive with their modes and bytes", () => {
  const found = membersOf(cpio(entries)).map(({ name, mode, content }) => [name, mode, `${content}`]);
  assert.deepEqual(found, [
    ["usr", 0o040755, ""],
    ["usr/bin", 0o040755, ""],
    ["bin", 0o120777, "usr/bin"],
    ["usr/bin/tool", 0o100755, "#!/bin/sh\n"],
    ["usr/empty", 0o100644, ""],
  ]);
});

test("the same entries give the same bytes", () => {
  assert.deepEqual(cpio(entries), cpio(entries));
});

test("names and contents of any length end where the next member begins", () => {
  const file = fc.record({ name: fc.stringMatching(/^[a-zé]{1,40}$/), content: fc.uint8Array({ maxLength: 300 }) });
  fc.assert(
    fc.property(fc.array(file, { maxLength: 8 }), (files) => {
      const made = files.map(
        ({ name, content }): CpioEntry => ({
          path: name,
          kind: "file",
          content: Buffer.from(content),
          executable: false,
        }),
      );
      const read = membersOf(cpio(made)).map(({ name, content }) => ({ name, content: Uint8Array.from(content) }));
      assert.deepEqual(
        read,
        files.map(({ name, content }) => ({ name, content: Uint8Array.from(content) })),
      );
    }),
  );
});
