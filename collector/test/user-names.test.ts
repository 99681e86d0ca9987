import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parsePasswd } from "../src/user-names.ts";

describe("names of users", () => {
  test("the first name of a uid counts; lines that are not well formed are skipped", () => {
    const names = parsePasswd(
      "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::\n+::::::\nbad name:x:1:1\nx:y\nwww:x:33:33:a:b:c\n\x1b[2J:x:5:5\na\u202eb:x:6:6\n",
    );
    assert.deepEqual(
      [...names],
      [
        [0, "root"],
        [33, "www"],
      ],
    );
  });
});
