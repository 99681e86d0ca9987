import assert from "node:assert/strict";
import { test } from "node:test";
import { Counters } from "../src/counters.ts";
import { collectorLimits } from "../src/limits.ts";
import { ResolvedNames, scopesOf } from "../src/resolved-names.ts";
import { dnsAnswer, task } from "./hand-made-records.ts";

const told = (name: string, answers: string[], seconds = 60) => ({
  ...dnsAnswer(task({ pid: 50 }), name, answers),
  ...{ seconds, bootUs: 1_000_000 },
});
const { nameKeptMinUs, nameKeptMaxUs, addressesMax, scopeAddressesMax, addressNamesMax } = collectorLimits;

test("an address has the name that was asked for and those that it leads to, where it was asked for", () => {
  const names = new ResolvedNames(new Counters());
  names.learn("pod", told("www.example.com", ["cdn.example.net", "192.0.2.1", "2001:db8::1"]));
  names.learn("pod", told("other.example", ["192.0.2.1"]));
  assert.deepEqual(names.of(["pod"], "2001:db8::1", 2_000_000), ["www.example.com", "cdn.example.net"]);
  assert.deepEqual(names.of(["pod"], "192.0.2.1", 2_000_000), ["www.example.com", "cdn.example.net", "other.example"]);
  assert.equal(names.of(["another"], "192.0.2.1", 2_000_000), null);
  assert.equal(names.of(["pod"], "192.0.2.2", 2_000_000), null);
  assert.equal(names.of(["pod"], null, 2_000_000), null);
});

test("a name counts as long as its answer says, within bounds", () => {
  for (const [seconds, untilUs] of [
    [0, nameKeptMinUs],
    [3_600, 3_600_000_000],
    [0x7fffffff, nameKeptMaxUs],
  ] as const) {
    const names = new ResolvedNames(new Counters());
    names.learn("pod", told("a.example", ["192.0.2.1"], seconds));
    assert.deepEqual(names.of(["pod"], "192.0.2.1", 1_000_000 + untilUs - 1), ["a.example"]);
    assert.equal(names.of(["pod"], "192.0.2.1", 1_000_000 + untilUs), null);
  }
});

test("who looks up without end pushes out its own names alone, and that is counted", () => {
  const counters = new Counters();
  const names = new ResolvedNames(counters);
  names.learn("victim", told("good.example", ["192.0.2.1"]));
  for (let n = 0; n < 2_000; n++) names.learn("flood", told(`${n}.example`, [`10.0.${n >> 8}.${n & 255}`]));
  assert.deepEqual(names.of(["victim"], "192.0.2.1", 2_000_000), ["good.example"]);
  assert.equal(names.of(["flood"], "10.0.0.0", 2_000_000), null);
  assert.deepEqual(names.of(["flood"], "10.0.7.207", 2_000_000), ["1999.example"]);
  assert.equal(names.size, scopeAddressesMax + 1);
  assert.equal(counters.value("dns", "names_forgotten"), 2_000 - scopeAddressesMax);
});

test("of an address with too many names the oldest gives way, those first whose time is over, and what still counted is counted", () => {
  const counters = new Counters();
  const names = new ResolvedNames(counters);
  for (let n = 0; n < 100; n++) names.learn("pod", told(`${n}.example`, ["10.9.9.9"]));
  assert.equal(names.of(["pod"], "10.9.9.9", 2_000_000)?.length, addressNamesMax);
  assert.equal(counters.value("dns", "names_forgotten"), 100 - addressNamesMax);

  const later = 1_000_000 + nameKeptMinUs + 1;
  names.learn("pod", { ...told("long.example", ["10.9.9.8"]), seconds: 86_400 });
  for (let n = 1; n < addressNamesMax; n++) names.learn("pod", told(`${n}.example`, ["10.9.9.8"]));
  names.learn("pod", { ...told("new.example", ["10.9.9.8"]), bootUs: later });
  assert.deepEqual(names.of(["pod"], "10.9.9.8", later), ["long.example", "new.example"]);
  assert.equal(counters.value("dns", "names_forgotten"), 100 - addressNamesMax);

  const chain = Array.from({ length: addressNamesMax + 2 }, (_, n) => `${n}.example.net`);
  names.learn("pod", told("www.example.com", [...chain, "10.9.9.7", "10.9.9.6"]));
  assert.equal(names.of(["pod"], "10.9.9.6", 2_000_000)?.length, addressNamesMax);
  assert.equal(counters.value("dns", "names_forgotten"), 100 - addressNamesMax + 3 * 2);
});

test("in all there are so many addresses: the scope that has learnt nothing for longest is forgotten", () => {
  const names = new ResolvedNames(new Counters());
  const all = Array.from({ length: scopeAddressesMax }, (_, n) => `10.0.0.${n}`);
  for (let n = 0; n <= addressesMax / scopeAddressesMax; n++) names.learn(`pod ${n}`, told("a.example", all));
  assert.equal(names.size, addressesMax);
  assert.equal(names.of(["pod 0"], "10.0.0.1", 2_000_000), null);
  assert.deepEqual(names.of(["pod 1"], "10.0.0.1", 2_000_000), ["a.example"]);
  names.clear();
  assert.equal(names.size, 0);
});

test("what a container was told before it was known whose it is counts on, and for no other", () => {
  const group = { cgroupIdV2: 7, cgroupIdV1: 70 };
  const of = (container_id: string | null, k8s_pod_uid: string | null, where = group) =>
    scopesOf({ container_id, k8s_pod_uid }, where);
  const names = new ResolvedNames(new Counters());
  names.learn(of(null, null)[0], told("first.example", ["192.0.2.1"]));
  names.learn(of("c1", null)[0], told("second.example", ["192.0.2.1"]));
  names.learn(of("c1", "p1")[0], told("third.example", ["192.0.2.1"]));
  names.learn(of("c1", "p1")[0], told("first.example", ["192.0.2.1"]));
  const all = ["second.example", "third.example", "first.example"];
  assert.deepEqual(names.of(of("c1", "p1"), "192.0.2.1", 2_000_000)?.toSorted(), all.toSorted());
  assert.deepEqual(names.of(of("c1", null), "192.0.2.1", 2_000_000), ["first.example", "second.example"]);

  const elsewhere = { cgroupIdV2: 8, cgroupIdV1: 80 };
  assert.deepEqual(names.of(of("c2", "p1", elsewhere), "192.0.2.1", 2_000_000), ["third.example", "first.example"]);
  for (const other of [of("c2", "p2", elsewhere), of(null, null, elsewhere), of("host", null)])
    assert.equal(names.of(other, "192.0.2.1", 2_000_000), null);
});
