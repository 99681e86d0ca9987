import assert from "node:assert/strict";
import { test } from "node:test";
import { newForm, readForms as readRules } from "../src/drift/drift-rules.ts";
import { newScope, readForms as readScopes } from "../src/recorder/scope-forms.ts";

test("a label's key in several lines is an issue of its row, once for each key, whatever else is wrong", () => {
  const labels = "app=web-*\n app = api-*\ntier=front\napp=db\ntier=back\nzone=a";
  const scope = { ...newScope().scope, labels };
  const shop = { ...newScope(), name: "shop", scope };
  const repeats = (row: string) => ["app", "tier"].map((key) => ({ row, repeats: key }));
  assert.deepEqual(readScopes([shop]), { ok: false, issues: repeats("1 (shop)") });
  assert.deepEqual(readScopes([{ ...shop, name: "" }]), {
    ok: false,
    issues: [{ row: "1", lacks: "name" }, ...repeats("1")],
  });
  assert.deepEqual(
    readRules([
      { ...newForm(), name: "other" },
      { ...newForm(), name: "shop", scope },
    ]),
    {
      ok: false,
      issues: repeats("2 (shop)"),
    },
  );
});

test("a line that is no label is said as such, also where it stands twice; keys that differ are no issue", () => {
  const read = (labels: string) =>
    readScopes([{ ...newScope(), name: "shop", scope: { ...newScope().scope, labels } }]);
  const unusable = read("app\napp");
  assert.ok(!unusable.ok);
  assert.equal(unusable.issues.length, 1);
  assert.match(JSON.stringify(unusable.issues), /"message":"labels\.app /);
  assert.deepEqual(read("app=web-*\nApp=web-*\nx/app=a=b"), {
    ok: true,
    policy: { scopes: [{ name: "shop", labels: { app: "web-*", App: "web-*", "x/app": "a=b" } }] },
  });
});
