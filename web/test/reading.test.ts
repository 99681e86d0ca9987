import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import {
  hubQuery,
  matchesFilters,
  readFilters,
  readSearch,
  splitTriage,
  visiblePieces,
  visibleString,
} from "../index.ts";
import { plainWhy } from "../src/alert/plain-why.ts";
import { treeLines } from "../src/alert/tree-lines.ts";
import { shortId, wherePath } from "../src/alerts/where-path.ts";
import { en } from "../src/text/en.ts";
import { es } from "../src/text/es.ts";
import { makeAlert } from "./canned.ts";

test("filters are read from the address, and what is no filter or no possible value is left out", () => {
  const read = readFilters({
    severity: "high,critical,nonsense",
    status: "resolved",
    source: "elsewhere",
    technique: "T1505.003",
    muted: "true",
    since_us: "12x",
    namespace: " web ",
    q: "",
    other: "x",
    node: 7,
  });
  assert.deepEqual(read, {
    status: "resolved",
    severity: "critical,high",
    technique: "T1505.003",
    muted: "true",
    namespace: "web",
  });
});

test("without a filter the hub is asked for what is open and not muted; `all` leaves the condition out", () => {
  assert.equal(hubQuery({}, { limit: 5 }).toString(), "status=new%2Cacknowledged&muted=false&limit=5");
  const query = hubQuery({ status: "all", muted: "true", q: "a&b" }, { limit: 5, cursor: "c/1" });
  assert.equal(query.toString(), "muted=true&q=a%26b&limit=5&cursor=c%2F1");
});

test("a live alert belongs into the list that its fields match, and into no other", () => {
  const alert = makeAlert(0);
  const in_ = [
    {},
    { severity: "high" },
    { namespace: "web" },
    { container: "php" },
    { container: "9c41e7" },
    { technique: "T1505" },
    { q: "shell PHP-FPM" },
    { q: "actividad" },
    { source: "syscall" },
  ];
  const out = [
    { status: "resolved" },
    { severity: "low" },
    { namespace: "we" },
    { container: "ph" },
    { technique: "T150" },
    { q: "shell absent" },
    { muted: "true" },
    { assignee: "ana" },
    { source: "k8s_audit" },
    { until_us: "1" },
  ];
  for (const filters of in_) assert.equal(matchesFilters(alert, filters), true, JSON.stringify(filters));
  for (const filters of out) assert.equal(matchesFilters(alert, filters), false, JSON.stringify(filters));
});

test("`field:value` in the search box becomes a filter, an unknown field stays a word", () => {
  assert.deepEqual(readSearch("namespace:web shell severity:high http://x"), {
    severity: "high",
    namespace: "web",
    q: "shell http://x",
  });
});

test("no address makes the reader of filters throw, and what it read it reads again as the same", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null))), (search) => {
      const once = readFilters(search);
      assert.deepEqual(readFilters(once), once);
    }),
  );
});

test("control and bidi characters are shown, and plain text of any script stays as it is", () => {
  assert.equal(visibleString("a\u202eb\nc\u0007\u001b[0m\u200d"), "a⟨U+202E⟩b\\nc⟨U+0007⟩\\e[0m⟨U+200D⟩");
  assert.equal(visibleString("ñandú 日本 Ελ \u0440 🗼"), "ñandú 日本 Ελ \u0440 🗼");
  assert.deepEqual(visiblePieces("x\ty"), [{ text: "x" }, { text: "\\t", hidden: "U+0009" }, { text: "y" }]);
  assert.equal(visibleString("\ud800"), "⟨U+D800⟩");
});

test("whatever is drawn holds no control, bidi or zero-width character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.doesNotMatch(visibleString(text), /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|\p{Surrogate}/u);
    }),
  );
});

test("commands are found in a step's prose and end where prose goes on", () => {
  assert.deepEqual(splitTriage("See where it answers: kubectl get svc -n web -o wide, and try it from outside."), [
    { kind: "prose", text: "See where it answers:" },
    { kind: "command", text: "kubectl get svc -n web -o wide" },
    { kind: "prose", text: "and try it from outside." },
  ]);
  const quoted = "Compare: kubectl get x -o json | jq -r '.items[] | select(.a==\"b\"), .c'; what has no owner is new.";
  assert.equal(splitTriage(quoted)[1]?.text, "kubectl get x -o json | jq -r '.items[] | select(.a==\"b\"), .c'");
  assert.deepEqual(splitTriage("Run `kubectl get pods -A` and read `age`."), [
    { kind: "prose", text: "Run" },
    { kind: "command", text: "kubectl get pods -A" },
    { kind: "prose", text: "and read `age`" },
  ]);
  assert.deepEqual(splitTriage("Ask the person who did it."), [{ kind: "prose", text: "Ask the person who did it." }]);
});

test("every sentence of our packs is cut without losing a word", () => {
  const packs = new URL("../../detections/packs/", import.meta.url);
  const words = (text: string) => text.replace(/[`;,.\s]/g, "");
  let commands = 0;
  for (const name of readdirSync(packs, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".yaml")) continue;
    for (const [, line = ""] of readFileSync(new URL(name, packs), "utf8").matchAll(/^ +(?:- )?e[ns]: (.+)$/gm)) {
      const parts = splitTriage(line);
      assert.equal(words(parts.map(({ text }) => text).join(" ")), words(line));
      commands += parts.filter(({ kind }) => kind === "command").length;
    }
  }
  assert.ok(commands > 20, `${commands} commands found`);
});

test("a tree's lines go on where an ancestor has more children", () => {
  assert.deepEqual(treeLines([0, 1, 2, 2, 1, 2]), ["", "├ ", "│ ├ ", "│ └ ", "└ ", "  └ "]);
  assert.deepEqual(treeLines([3, 4]), ["", "└ "]);
  assert.deepEqual(treeLines([]), []);
});

test("the condition's tree is told flat: nested `and`s are one list, `not` of a leaf is a leaf", () => {
  const leaf = (text: string, result = true, value?: string) => ({ kind: "leaf" as const, text, result, value });
  const told = plainWhy({
    kind: "and",
    text: "",
    result: true,
    children: [
      { kind: "and", text: "", result: true, children: [leaf("a"), leaf("b")] },
      { kind: "not", text: "not c", result: true, children: [leaf("c", false, "x")] },
      { kind: "or", text: "", result: true, children: [leaf("d")] },
    ],
  });
  assert.deepEqual(
    told.children?.map(({ text, result }) => [text, result]),
    [
      ["a", true],
      ["b", true],
      ["not c", true],
      ["d", true],
    ],
  );
  assert.equal(told.children?.[2]?.value, "x");
});

test("where: names where they are known, the container's short id where they are not, the object for an audit alert", () => {
  const path = (n: number) =>
    wherePath(makeAlert(n))
      .map(({ text }) => text)
      .join("/");
  assert.equal(path(0), "shop-eu/web/storefront-7d9f/php");
  assert.equal(path(1), "local/node-3/9c41e7d0a2f1");
  assert.equal(path(3), "shop-eu/web/clusterrolebindings/build-bot");
  assert.equal(shortId("victim"), "victim");
});

test("English and Spanish have the same keys, none is empty, and the Spanish is not the English left over", () => {
  const keys = (value: object, before = ""): string[] =>
    Object.entries(value).flatMap(([key, one]) =>
      typeof one === "object" ? keys(one, `${before}${key}.`) : [`${before}${key}`],
    );
  assert.deepEqual(keys(es).sort(), keys(en).sort());
  const texts = (value: object): string[] =>
    Object.values(value).flatMap((one) =>
      typeof one === "object" ? texts(one) : typeof one === "string" ? [one] : [],
    );
  const same = texts(en).filter((text, at) => text.length > 14 && text === texts(es)[at]);
  assert.deepEqual(same, []);
});

test("no source of the page writes HTML from text or names an outside host but MITRE's", () => {
  const alertFacts = readFileSync(new URL("../src/alert/alert-facts.tsx", import.meta.url), "utf8");
  assert.match(alertFacts, /https:\/\/attack\.mitre\.org\/techniques\//);
  for (const name of ["../src/parts/plain.tsx", "../src/alert/evidence.tsx", "../src/alert/process-tree.tsx"]) {
    assert.doesNotMatch(readFileSync(new URL(name, import.meta.url), "utf8"), /dangerouslySetInnerHTML|innerHTML/);
  }
});
