import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isStated, statedPath } from "../src/stated-group.ts";

const slice = "kubepods-burstable-pod0b1d5c3e_0000.slice";

/** What the config says, where that is from the hierarchy's root, other groups that it may be, and one that it is not. */
const cases: [string, string | undefined, string[], string][] = [
  ["/kubepods/podx/abc", "/kubepods/podx/abc", ["/outer/kubepods/podx/abc"], "/kubepods/pody/abc"],
  ["//kubepods/./podx/abc/", "/kubepods/podx/abc", [], "/abc"],
  ["default/web", undefined, ["/default/web", "/system.slice/x.service/default/web"], "/default/webs"],
  [
    `${slice}:cri-containerd:abc`,
    `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-abc.scope`,
    [`/system.slice/containerd.service/${slice}:cri-containerd:abc`, `/x/${slice}/cri-containerd-abc.scope`],
    "/kubepods.slice/cri-containerd-abc",
  ],
  [":runc:web", "/system.slice/runc-web.scope", ["/user.slice/runc-web.scope"], "/runc-web"],
  ["machine.slice::web", "/machine.slice/web.scope", [], "/machine.slice/web"],
  ["a.slice:x:a-b.slice", "/a.slice/a-b.slice", [], "/a.slice"],
  ["/a:b:c/d", "/a:b:c/d", [], "/a/b-c.scope"],
];

describe("the control group that an OCI config names", () => {
  for (const [cgroupsPath, from, others, not] of cases) {
    test(cgroupsPath, () => {
      assert.equal(statedPath(cgroupsPath), from);
      for (const path of [...(from === undefined ? [] : [from]), ...others])
        assert.ok(isStated(path, cgroupsPath), path);
      assert.ok(!isStated(not, cgroupsPath), not);
    });
  }

  test("no text makes it throw, and what is stated is found again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
        const path = statedPath(text);
        assert.ok(path === undefined || isStated(path, text));
      }),
    );
  });
});
