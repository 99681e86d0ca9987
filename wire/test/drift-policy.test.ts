import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blockIn, type DriftFacts, type DriftRule, decideDrift, driftPolicySchema } from "../src/drift-policy.ts";
import { globMatches } from "../src/glob.ts";

const facts: DriftFacts = {
  cluster: "shop-eu",
  namespace: "build",
  pod: "runner-7",
  container: "runner",
  image: "registry.example/team/runner:4",
  labels: { app: "runner" },
  path: "/workspace/out/tool",
};

const ignored = (rule: string) => ({ action: "ignore", rule });
const alerted = (rule: string | null) => ({ action: "alert", rule });

test("the first rule whose scope holds decides, and without one it is told", () => {
  const builds: DriftRule = { name: "builds", namespaces: ["build*"], action: "ignore" };
  const all: DriftRule = { name: "all", action: "alert" };
  assert.deepEqual(decideDrift({ rules: [builds, all] }, facts), ignored("builds"));
  assert.deepEqual(decideDrift({ rules: [all, builds] }, facts), alerted("all"));
  assert.deepEqual(decideDrift({ rules: [builds] }, { ...facts, namespace: "shop" }), alerted(null));
});

test("a program on the list of a rule is welcome there, any other falls under the rule's action", () => {
  const rule: DriftRule = { name: "tools", clusters: ["shop-*"], allow: ["/workspace/*"], action: "alert" };
  assert.deepEqual(decideDrift({ rules: [rule] }, facts), ignored("tools"));
  assert.deepEqual(decideDrift({ rules: [rule] }, { ...facts, path: "/tmp/x" }), alerted("tools"));
});

test("every part of a scope must hold, and what is not known holds in none", () => {
  const parts = { clusters: "cluster", namespaces: "namespace", pods: "pod", containers: "container", images: "image" };
  for (const [list, field] of Object.entries(parts)) {
    const exact = { name: "one", action: "ignore", [list]: [facts[field as "image"]] };
    const policy = driftPolicySchema.parse({ rules: [exact] });
    assert.deepEqual(decideDrift(policy, facts), ignored("one"), list);
    assert.deepEqual(decideDrift(policy, { ...facts, [field]: "other" }), alerted(null), list);
    if (field !== "cluster") assert.deepEqual(decideDrift(policy, { ...facts, [field]: null }), alerted(null), list);
  }
});

test("a scope asks for labels of the pod: all have to fit, and where they are not known none does", () => {
  const rule: DriftRule = { name: "web", labels: { app: "web-*", "example.org/tier": "?" }, action: "ignore" };
  const by = (labels: DriftFacts["labels"]) => decideDrift({ rules: [rule] }, { ...facts, labels }).rule;
  assert.equal(by({ app: "web-1", "example.org/tier": "1", other: "x" }), "web");
  assert.equal(by({ app: "web-1" }), null, "one is missing");
  assert.equal(by({ app: "shop", "example.org/tier": "1" }), null);
  assert.equal(by(null), null);
  const inherited = { ...rule, labels: { constructor: "*" } };
  assert.equal(decideDrift({ rules: [inherited] }, { ...facts, labels: {} }).rule, null);
});

test("a container whose pod's labels are not known is not blocked, neither by labels nor past a rule that asks for them", () => {
  const spared: DriftRule = { name: "spared", labels: { app: "db" }, action: "alert" };
  const web: DriftRule = { name: "web", labels: { app: "web" }, action: "block" };
  const all: DriftRule = { name: "all", action: "block" };
  const by = (rules: DriftRule[], labels: DriftFacts["labels"]) => blockIn({ rules }, { ...facts, labels })?.rule;
  assert.equal(by([web], { app: "web" }), "web");
  assert.equal(by([web], { app: "shop" }), undefined);
  assert.equal(by([web], null), undefined);
  assert.equal(by([spared, all], null), undefined, "it could be one that is spared");
  assert.equal(by([spared, all], {}), "all");
  assert.equal(by([spared, all], { app: "db" }), undefined);
});

test("what no sensor can do or could misunderstand, an unknown word, an empty list and two rules of one name are refused", () => {
  const refused = (...rules: unknown[]) => assert.equal(driftPolicySchema.safeParse({ rules }).success, false);
  refused({ name: "a", action: "stop" });
  refused({ name: "a", action: "block", allow: ["/x"] });
  refused({ name: "a", action: "alert", trial: true });
  refused({ name: "a", action: "ignore", labels: ["x"] });
  refused({ name: "a", action: "ignore", labels: {} });
  refused({ name: "a", action: "ignore", labels: { "no key": "x" } });
  refused({ name: "a", action: "ignore", label: { app: "x" } });
  refused({ name: "a", action: "ignore", images: [] });
  refused({ name: "a", action: "ignore" }, { name: "a", action: "alert" });
});

test("a container is blocked by the first rule that decides, and only where that is sure", () => {
  const block: DriftRule = { name: "shop", namespaces: ["shop-*"], action: "block" };
  const shop = { cluster: "eu", namespace: "shop-1", pod: "web-0", container: "web", image: "web:1", labels: null };
  const by = (rules: DriftRule[], place: Partial<typeof facts> = {}) => blockIn({ rules }, { ...shop, ...place });
  assert.deepEqual(by([block]), { rule: "shop", isTrial: false });
  assert.deepEqual(by([{ ...block, trial: true }]), { rule: "shop", isTrial: true });
  assert.equal(by([block], { namespace: "tools" }), undefined);
  assert.equal(by([block], { namespace: null }), undefined);
  const before = (one: Partial<DriftRule>) => by([{ name: "first", action: "ignore", ...one }, block], { image: null });
  assert.equal(before({}), undefined);
  assert.equal(before({ pods: ["web-*"] }), undefined);
  assert.deepEqual(before({ pods: ["db-*"] })?.rule, "shop");
  assert.equal(before({ images: ["tools:*"] }), undefined, "it might be a tool");
  assert.deepEqual(
    before({ images: ["tools:*"], pods: ["db-*"] })?.rule,
    "shop",
    "whatever the image, it is not that pod",
  );
  assert.deepEqual(decideDrift({ rules: [block] }, { ...shop, path: "/x" }), { action: "block", rule: "shop" });
});

test("a pattern fits as the same pattern written as a regular expression does", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "/", "*", "?", "."), maxLength: 12 });
  fc.assert(
    fc.property(letters, fc.string({ unit: fc.constantFrom("a", "b", "/", "."), maxLength: 12 }), (pattern, text) => {
      const parts = [...pattern].map((one) => (one === "*" ? ".*" : one === "?" ? "." : one.replace(".", "\\.")));
      assert.equal(globMatches(pattern, text), new RegExp(`^${parts.join("")}$`, "s").test(text));
    }),
    { numRuns: 2_000 },
  );
});

test("a pattern made to be slow takes no time", () => {
  const started = performance.now();
  assert.equal(globMatches("*a".repeat(256), `${"a".repeat(4_000)}b`), false);
  assert.ok(performance.now() - started < 1_000);
});
