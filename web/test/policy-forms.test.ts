import assert from "node:assert/strict";
import { test } from "node:test";
import { newForm, type RuleForm, readForms as readRules } from "../src/drift/drift-rules.ts";
import { issueText } from "../src/policy/issue-text.ts";
import type { FormIssue, ReadForms } from "../src/policy/read-forms.ts";
import { newScope, readForms as readScopes } from "../src/recorder/scope-forms.ts";
import { en } from "../src/text/en.ts";
import { es } from "../src/text/es.ts";

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
  const [issue] = unusable.issues;
  assert.ok(issue && "field" in issue);
  assert.deepEqual([issue.field, issue.coded], [["labels", "app "], { code: "no_label_key", max: 0 }]);
  assert.deepEqual(read("app=web-*\nApp=web-*\nx/app=a=b"), {
    ok: true,
    policy: { scopes: [{ name: "shop", labels: { app: "web-*", App: "web-*", "x/app": "a=b" } }] },
  });
});

/** Every way in which the forms can be wrong, with what is said of it in both languages. */
const many = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at)).join("\n");
const rule = (change: Partial<RuleForm>): RuleForm => ({ ...newForm(), name: "shop", ...change });
const scoped = (scope: Partial<RuleForm["scope"]>) => readRules([rule({ scope: { ...newForm().scope, ...scope } })]);
const long = "x".repeat(500);
const wrongs: Record<string, [read: ReadForms<unknown>, english: string, spanish: string]> = {
  "two rules of one name": [
    readRules([rule({}), rule({})]),
    "two rules have the same name",
    "dos reglas tienen el mismo nombre",
  ],
  "two scopes of one name": [
    readScopes([1, 2].map(() => ({ ...newScope(), name: "shop" }))),
    "two scopes have the same name",
    "dos ámbitos tienen el mismo nombre",
  ],
  "a long name": [
    readRules([rule({ name: "x".repeat(129) })]),
    "Name: it has more than 128 characters",
    "Nombre: tiene más de 128 caracteres",
  ],
  "a long pattern": [
    scoped({ namespaces: `a\n${"x".repeat(513)}` }),
    "Namespaces, line 2: it has more than 512 characters",
    "Espacios de nombres, línea 2: tiene más de 512 caracteres",
  ],
  "many patterns": [scoped({ pods: many(65, String) }), "Pods: more than 64 of them", "Pods: son más de 64"],
  "many programs": [
    readRules([rule({ allow: many(65, String) })]),
    "Welcome programs (paths): more than 64 of them",
    "Programas bienvenidos (rutas): son más de 64",
  ],
  "no key": [
    scoped({ labels: "app" }),
    "Labels (key=pattern), app: this is no key of a label; each line is key=pattern",
    "Etiquetas (clave=patrón), app: no es la clave de una etiqueta; cada línea es clave=patrón",
  ],
  "a long value": [
    scoped({ labels: `app=${"x".repeat(513)}` }),
    "Labels (key=pattern), app: it has more than 512 characters",
    "Etiquetas (clave=patrón), app: tiene más de 512 caracteres",
  ],
  "many labels": [
    scoped({ labels: many(17, (at) => `k${at}=v`) }),
    "Labels (key=pattern): more than 16 labels",
    "Etiquetas (clave=patrón): más de 16 etiquetas",
  ],
  "many rules": [
    readRules(Array.from({ length: 257 }, (_, at) => rule({ name: `r${at}` }))),
    "more than 256 of them",
    "son más de 256",
  ],
  "a long policy that blocks": [
    readRules(
      Array.from({ length: 10 }, (_, at) =>
        rule({ name: `r${at}`, action: "block", scope: { ...newForm().scope, pods: many(64, () => long) } }),
      ),
    ),
    "a policy that blocks has at most 262144 characters",
    "una política que bloquea tiene como mucho 262144 caracteres",
  ],
  "long scopes": [
    readScopes(
      [1, 2, 3].map((at) => ({
        ...newScope(),
        name: `s${at}`,
        scope: { ...newScope().scope, pods: many(64, () => long) },
      })),
    ),
    "all scopes together have more than 65536 characters",
    "todos los ámbitos juntos tienen más de 65536 caracteres",
  ],
};

test("whatever is wrong with a policy is said in the language of the page", () => {
  for (const [what, [read, english, spanish]] of Object.entries(wrongs)) {
    assert.ok(!read.ok, what);
    const said = (text: typeof en) => read.issues.map((issue: FormIssue) => issueText(issue, text));
    assert.deepEqual([said(en), said(es)], [[english], [spanish]], what);
  }
});
