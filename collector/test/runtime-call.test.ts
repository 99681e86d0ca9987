import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { runtimeCall } from "../src/runtime-call.ts";

test("a runtime's command line names the container and its bundle", () => {
  const shim =
    "runc --root /run/containerd/runc/k8s.io --log l.json create --bundle /b/one --pid-file /b/one/init.pid one";
  assert.deepEqual(runtimeCall(shim.split(" "), "/"), { id: "one", bundle: "/b/one" });
  assert.deepEqual(runtimeCall(["runc", "run", "-d", "-b", "two", "x"], "/tmp"), { id: "x", bundle: "/tmp/two" });
  assert.deepEqual(runtimeCall(["crun", "run", "--bundle=/b", "y"], "/"), { id: "y", bundle: "/b" });
});

test("without a bundle the folder that the runtime runs in is the bundle", () => {
  assert.deepEqual(runtimeCall(["runc", "run", "here"], "/srv/bundle"), { id: "here", bundle: "/srv/bundle" });
});

test("other calls name no container", () => {
  for (const line of ["runc init", "runc exec one sh", "runc --version", "runc delete one", "runc create"]) {
    assert.equal(runtimeCall(line.split(" "), "/"), undefined);
  }
});

test("no command line makes it throw", () => {
  fc.assert(fc.property(fc.array(fc.string()), fc.string(), (argv, cwd) => void runtimeCall(argv, cwd)));
});
