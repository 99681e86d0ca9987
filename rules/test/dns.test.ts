import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnsEvent } from "@atalaya/wire";
import fc from "fast-check";
import { makeEvaluator } from "../index.ts";
import { letsThrough } from "../src/plan/lets-through.ts";
import { connect, exec, holds, load, matches, question, ruleText } from "./sample-events.ts";

const cases: [condition: string, event: DnsEvent, expected: boolean][] = [
  ["evt.type = dns_query", question("a.example"), true],
  ["evt.type in (connect, sendto, sendmsg)", question("a.example"), false],
  ["dns.question.name = a.example", question("a.example"), true],
  ["dns.question.name in (x.example, a.example)", question("a.example"), true],
  ["dns.question.name endswith .example", question("a.example"), true],
  ["dns.question.domains in (example.com)", question("example.com"), true],
  ["dns.question.domains in (example.com)", question("a.b.example.com"), true],
  ["dns.question.domains intersects (example.com, example.org)", question("a.example.org"), true],
  ["dns.question.domains in (example.com)", question("notexample.com"), false],
  ["dns.question.domains in (example.com)", question("com"), false],
  ["not dns.question.domains in (example.com)", question("a.example.com"), false],
  ["dns.question.domains != example.com", question("a.example.com"), false],
  ["dns.question.domains in (com)", question("a\\.com"), false],
  ["dns.question.domains = .", question("."), true],
  ["dns.question.type = A", question("a.example"), true],
  ["dns.question.type in (TXT, NULL)", question("a.example", { query_type: 16 }), true],
  ["dns.question.type = TYPE4711", question("a.example", { query_type: 4711 }), true],
  ["dns.server.ip = 10.96.0.0/12 and dns.server.port = 53 and dns.protocol = udp", question("a"), true],
  ["evt.type = dns_query and proc.name = curl and container.id != host", question("a"), true],
  // It does not speak of questions: whether the kernel sends some for other rules must not matter to it.
  ["proc.name = curl and container.id != host", question("a"), false],
];
for (const [condition, event, expected] of cases) {
  test(`${condition} is ${expected} for a question for ${event.query}`, () => {
    assert.equal(holds(condition, event), expected);
  });
}

test("a name that is not known makes no comparison hold", () => {
  const unknown = question("x", { query: null, query_type: null });
  assert.ok(!holds("dns.question.name exists or dns.question.domains exists or dns.question.type exists", unknown));
  assert.ok(!holds("dns.question.name != x", unknown));
});

test("other events have no question", () => {
  for (const event of [exec(), connect()]) assert.ok(!holds("dns.question.name exists or dns.server.ip exists", event));
});

test("an output names the question", () => {
  const [match] = matches("evt.type = dns_query", question("a.example"), "asked %dns.question.name of %dns.server.ip");
  assert.equal(match?.output, "asked a.example of 10.96.0.10");
});

const told = (name: string, ...answers: string[]): DnsEvent => question(name, { activity: "answer", answers });
const answered: [condition: string, event: DnsEvent, expected: boolean][] = [
  ["evt.type = dns_answer", told("a.example"), true],
  ["evt.type = dns_answer", question("a.example"), false],
  ["dns.resolved_ip = 169.254.169.254", told("a.example", "192.0.2.1", "169.254.169.254"), true],
  ["dns.resolved_ip in (10.0.0.0/8)", told("a.example", "b.example", "10.1.2.3"), true],
  ["dns.resolved_ip in (10.0.0.0/8)", told("a.example", "192.0.2.1"), false],
  ["dns.answers.data = b.example and not dns.question.domains in (b.example)", told("a.example", "b.example"), true],
  ["dns.resolved_ip exists", told("a.example"), false],
  ["dns.resolved_ip exists", question("a.example"), false],
  // A question's rule is not asked again about the answer: it would alert twice.
  ["dns.question.name = a.example", told("a.example", "192.0.2.1"), false],
  ["evt.type in (dns_query, dns_answer) and dns.question.name = a.example", told("a.example"), true],
];
for (const [condition, event, expected] of answered) {
  test(`${condition} is ${expected} for ${event.activity} ${event.query} ${event.answers ?? ""}`, () => {
    assert.equal(holds(condition, event), expected);
  });
}

const answerPlans: [condition: string, domains: string[], calls: string[]][] = [
  ["evt.type = dns_answer and dns.question.domains in (a.example)", ["a.example"], ["dns_answer"]],
  ["dns.question.domains in (a.example) and dns.resolved_ip = 127.0.0.1", ["a.example"], ["dns_answer"]],
  ["dns.resolved_ip = 127.0.0.1", ["."], ["dns_answer"]],
  ["dns.question.domains in (a.example)", ["a.example"], []],
  ["evt.type = dns_query", ["."], []],
];
for (const [condition, domains, calls] of answerPlans) {
  test(`for ${condition} the kernel sends ${calls.length === 0 ? "no answers" : "answers"} of ${domains}`, () => {
    const plan = load(ruleText(condition)).filterPlan();
    assert.deepEqual([plan.dns_domains, plan.calls], [domains, calls]);
  });
}

const plans: [condition: string, domains: string[]][] = [
  ["evt.type = dns_query and dns.question.domains in (b.example, A.example)", ["a.example", "b.example"]],
  ["dns.question.domains in (a.example, x.a.example)", ["a.example"]],
  ["dns.question.name endswith .a.example or dns.question.name endswith xa.b.example", ["a.example", "b.example"]],
  ["dns.question.domains in (a.example) and dns.question.name = x.a.example", ["a.example"]],
  ["dns.question.domains in (a.example) and not dns.question.name = x.a.example", ["a.example"]],
  ["dns.question.domains in (a.example) and dns.question.type = TXT", ["a.example"]],
  ["dns.question.name contains a", ["."]],
  ["dns.question.name endswith example", ["."]],
  ["evt.type = dns_query", ["."]],
  ["evt.type in (connect, dns_query) and proc.name = x", ["."]],
  ["evt.type = connect and not dns.question.name = a.example", []],
  ["proc.name = x", []],
  ["evt.type in (execve, execveat)", []],
];
for (const [condition, domains] of plans) {
  test(`for ${condition} the kernel sends ${domains.join(" ") || "no question"}`, () => {
    assert.deepEqual(load(ruleText(condition)).filterPlan().dns_domains, domains);
  });
}

test("more domains than the kernel holds become every question", () => {
  const many = Array.from({ length: 20_000 }, (_, index) => `d${index}.example`);
  const list = `- list: many\n  items: [${many.join(", ")}]\n`;
  const rules = load(`${list}${ruleText("dns.question.domains in (many)")}`);
  assert.deepEqual(rules.problems, []);
  assert.deepEqual(rules.filterPlan().dns_domains, ["."]);
  const { length } = makeEvaluator(rules).evaluate(question("www.d19999.example"));
  assert.equal(length, 1);
});

/** What the kernel lets through: a watched domain, or a name below one. */
function passes(domains: readonly string[], name: string): boolean {
  return domains.some((domain) => domain === "." || domain === name || name.endsWith(`.${domain}`));
}

const name = fc
  .array(fc.constantFrom("a", "b", "xa", "com"), { minLength: 1, maxLength: 4 })
  .map((one) => one.join("."));
const leaf = fc.oneof(
  name.map((one) => `dns.question.name = ${one}`),
  name.map((one) => `dns.question.name in (${one}, a.b)`),
  name.map((one) => `dns.question.domains in (${one}, b.com)`),
  name.map((one) => `dns.question.domains intersects (${one})`),
  name.map((one) => `dns.question.name endswith ${one}`),
  name.map((one) => `dns.question.name endswith .${one}`),
  name.map((one) => `dns.question.domains != ${one}`),
  name.map((one) => `dns.question.domains endswith ${one}`),
  name.map((one) => `tolower(dns.question.name) = ${one}`),
  fc.constantFrom(
    "evt.type = dns_query",
    "dns.question.type = A",
    "dns.answers.data = b.com",
    "dns.resolved_ip = 10.0.0.1",
    "proc.name = curl",
    "evt.type = connect",
  ),
);
const condition = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    tie("node").map((one) => `not (${one})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} and ${b})`),
    fc.tuple(tie("node"), tie("node")).map(([a, b]) => `(${a} or ${b})`),
  ),
})).node;

test("no answer that a rule matches is filtered out, where the rule speaks of answers", () => {
  fc.assert(
    fc.property(condition, fc.array(name, { minLength: 5, maxLength: 15 }), (text, names) => {
      const rules = load(ruleText(`(${text}) and (evt.type = dns_answer or dns.resolved_ip exists)`));
      assert.deepEqual(rules.problems, [], text);
      const plan = rules.filterPlan();
      const evaluator = makeEvaluator(rules);
      for (const one of names) {
        const event = told(one, "b.com", "10.0.0.1");
        if (evaluator.evaluate(event).length > 0) assert.ok(letsThrough(plan, event), `${one} by ${plan.dns_domains}`);
      }
    }),
    { numRuns: 500 },
  );
});

test("no question that a rule matches is filtered out, where the rule speaks of questions", () => {
  fc.assert(
    fc.property(condition, fc.array(name, { minLength: 5, maxLength: 15 }), (text, names) => {
      const rules = load(ruleText(`(${text}) and dns.question.name exists`));
      assert.deepEqual(rules.problems, [], text);
      const plan = rules.filterPlan().dns_domains;
      const evaluator = makeEvaluator(rules);
      for (const one of names) {
        if (evaluator.evaluate(question(one)).length > 0) assert.ok(passes(plan, one), `${one} by ${plan}`);
      }
    }),
    { numRuns: 500 },
  );
});
