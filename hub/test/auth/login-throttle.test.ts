import assert from "node:assert/strict";
import { test } from "node:test";
import { LoginThrottle, networkOf } from "../../src/auth/login-throttle.ts";
import { serverLimits } from "../../src/server/limits.ts";

function fail(throttle: LoginThrottle, times: number, account = "ana", address = "10.0.0.1"): void {
  for (let i = 0; i < times; i++) throttle.begin(account, address);
}

test("the delay doubles with each failure, and the fifth locks", () => {
  const throttle = new LoginThrottle(() => 0);
  const delays: number[] = [];
  for (let i = 0; i < 5; i++) {
    const attempt = throttle.begin("ana", "10.0.0.1");
    assert.ok(attempt.allowed);
    delays.push(attempt.delayMs);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1_600]);
  assert.deepEqual(throttle.begin("ana", "10.0.0.1"), { allowed: false, retryAfterMs: serverLimits.loginLockFirstMs });
  assert.equal(throttle.slowed, 1);
});

test("a lock grows with each failure after it and ends at a quarter of an hour", () => {
  let now = 0;
  const throttle = new LoginThrottle(() => now);
  fail(throttle, 5);
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    const refused = throttle.begin("ana", "10.0.0.1");
    assert.ok(!refused.allowed);
    waits.push(refused.retryAfterMs);
    now += refused.retryAfterMs;
    assert.ok(throttle.begin("ana", "10.0.0.1").allowed);
  }
  assert.deepEqual(waits.slice(0, 4), [2_000, 4_000, 8_000, 16_000]);
  assert.equal(waits.at(-1), serverLimits.loginLockMs);
});

test("many attempts at one time count before any of them has failed", () => {
  const throttle = new LoginThrottle(() => 0);
  const attempts = Array.from({ length: 50 }, () => throttle.begin("ana", "10.0.0.1"));
  assert.equal(attempts.filter((attempt) => attempt.allowed).length, serverLimits.loginFreeFailures);
});

test("a right password forgets the failures of its account", () => {
  const throttle = new LoginThrottle(() => 0);
  fail(throttle, 3);
  const good = throttle.begin("ana", "10.0.0.1");
  assert.ok(good.allowed);
  good.succeeded();
  const next = throttle.begin("ana", "10.0.0.1");
  assert.ok(next.allowed && next.delayMs === serverLimits.loginDelayFirstMs);
});

test("one address that tries many accounts is slowed, another address is not", () => {
  const throttle = new LoginThrottle(() => 0);
  for (let i = 0; i < serverLimits.loginAddressFreeFailures; i++) fail(throttle, 1, `user-${i}`);
  assert.equal(throttle.begin("user-x", "10.0.0.1").allowed, false);
  assert.equal(throttle.begin("user-x", "10.0.0.2").allowed, true);
});

test("memory stays bounded under ever new accounts", () => {
  const throttle = new LoginThrottle(() => 0);
  for (let i = 0; i < serverLimits.loginKeysMax + 100; i++)
    throttle.begin(`user-${i}`, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  assert.equal(throttle.begin("user-0", "10.0.0.0").allowed, true);
});

test("addresses of one IPv6 network count as one, and a mapped IPv4 address as itself", () => {
  assert.equal(networkOf("2001:db8:1:2:aaaa::1"), networkOf("2001:db8:1:2::ffff"));
  assert.notEqual(networkOf("2001:db8:1:2::1"), networkOf("2001:db8:1:3::1"));
  assert.equal(networkOf("::ffff:10.0.0.1"), "10.0.0.1");
  assert.equal(networkOf("::1"), networkOf("0:0:0:0::5"));
});
