import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "@atalaya/wire";
import { storeLimits } from "../../src/core/limits.ts";
import { ReaderPool } from "../../src/store/reader-pool.ts";

test("a query past its deadline is given up, its thread replaced, and the ones behind it are answered", async (t) => {
  const pool = new ReaderPool({
    folder: "",
    broken: (error) => assert.fail(String(error)),
    thread: new URL("./stuck-reader.ts", import.meta.url),
    deadlineMs: 400,
  });
  t.after(() => pool.close());
  // One for each reader, so that the next must wait for a replaced one.
  const stuck = Array.from({ length: storeLimits.readers }, () => pool.ask("openAlerts", { workspaceId: "stuck" }));
  const behind = pool.ask("openAlerts", { workspaceId: "main" });
  for (const one of stuck) {
    await assert.rejects(
      one,
      (error) => error instanceof Fault && error.code === "STORE_UNREACHABLE" && /given up/.test(error.message),
    );
  }
  assert.equal(await behind, 7);
  assert.equal(pool.replaced, storeLimits.readers);
});

test("queries beyond the queue are refused as busy, and those that wait when it closes are told so", async () => {
  const pool = new ReaderPool({
    folder: "",
    broken: (error) => assert.fail(String(error)),
    thread: new URL("./stuck-reader.ts", import.meta.url),
    deadlineMs: 60_000,
  });
  const waiting = storeLimits.readers + storeLimits.queriesQueuedMax;
  const asked = Array.from({ length: waiting }, () => pool.ask("openAlerts", { workspaceId: "stuck" }));
  const ends = Promise.allSettled(asked);
  await assert.rejects(
    pool.ask("openAlerts", { workspaceId: "main" }),
    (error) => error instanceof Fault && error.code === "BUSY",
  );
  await pool.close();
  assert.ok((await ends).every((one) => one.status === "rejected"));
});

test("a query that ends its thread ends for itself alone: another thread answers the next", async (t) => {
  const pool = new ReaderPool({
    folder: "",
    broken: (error) => assert.fail(String(error)),
    thread: new URL("./stuck-reader.ts", import.meta.url),
  });
  t.after(() => pool.close());
  const ask = (workspaceId: string) => pool.ask("openAlerts", { workspaceId });
  await Promise.all(Array.from({ length: storeLimits.readers }, () => ask("main")));
  await assert.rejects(ask("deadly"), (error) => error instanceof Fault && error.code === "QUERY_FAILED");
  const after = Array.from({ length: storeLimits.readers }, () => ask("main"));
  assert.deepEqual(await Promise.all(after), Array(storeLimits.readers).fill(7));
  assert.deepEqual([pool.replaced, pool.failed], [1, 1]);
  // Also the threads that have answered nothing yet.
  for (let i = 0; i < 2 * storeLimits.readers; i++)
    await assert.rejects(ask("deadly"), (error) => error instanceof Fault && error.code === "QUERY_FAILED");
  assert.equal(await ask("main"), 7);
});

test("a thread that dies before it has loaded is told of: another would die, too", async (t) => {
  const told = Promise.withResolvers<unknown>();
  const pool = new ReaderPool({
    folder: "",
    broken: told.resolve,
    thread: new URL("./no-such-reader.ts", import.meta.url),
  });
  t.after(() => pool.close());
  const asked = pool.ask("openAlerts", { workspaceId: "main" });
  asked.catch(() => undefined);
  assert.match(String(await told.promise), /no-such-reader/);
});
