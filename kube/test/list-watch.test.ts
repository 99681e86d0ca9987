import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { type Follower, follow, KubeClient, listObjects } from "../index.ts";
import { kubeLimits } from "../src/limits.ts";
import { type TestServer, testServer } from "./test-server.ts";

// What a real API server does not do when asked to; e2e/cluster/inventory.cluster.test.ts has the real one.

type Asked = Record<string, string>;
let server: TestServer;
let asked: Asked[];
let answers: ((asked: Asked, response: ServerResponse) => void)[];
let kube: KubeClient;
let stop: AbortController;
beforeEach(async () => {
  asked = [];
  answers = [];
  stop = new AbortController();
  server = await testServer((request: IncomingMessage, response) => {
    const of = Object.fromEntries(new URL(request.url ?? "", "https://x").searchParams);
    asked.push({ ...of, accept: request.headers.accept ?? "" });
    const answer = answers.shift();
    // Beyond the script a watch says nothing until the test ends.
    if (answer === undefined) response.writeHead(200).flushHeaders();
    else answer(of, response);
  });
  kube = new KubeClient({ url: server.url, serverName: undefined, access: server.access({ token: "t" }) });
});
afterEach(async () => {
  stop.abort();
  kube.close();
  await server.close();
});

const pod = (name: string, resourceVersion = "5") => ({ metadata: { name, uid: name, resourceVersion } });
const page =
  (names: string[], resourceVersion: string, next = "") =>
  (_: Asked, response: ServerResponse) =>
    response.end(
      JSON.stringify({
        kind: "PodList",
        metadata: { resourceVersion, continue: next },
        items: names.map((name) => pod(name)),
      }),
    );
const watch =
  (...lines: unknown[]) =>
  (_: Asked, response: ServerResponse) =>
    response.end(lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
const status = (code: number, reason: string) => ({ kind: "Status", code, reason, message: `it is ${reason}` });
const refusal = (code: number, reason: string) => (_: Asked, response: ServerResponse) =>
  response.writeHead(code).end(JSON.stringify(status(code, reason)));

/** Follows until `last` was told; gives all that was told, in order. */
async function told(last: string, relistMs?: number): Promise<string[]> {
  const seen: string[] = [];
  const done = Promise.withResolvers<void>();
  const say = (word: string) => {
    seen.push(word);
    if (word === last) done.resolve();
  };
  const nameOf = (object: unknown) => (object as ReturnType<typeof pod>).metadata.name;
  let trouble = "";
  const follower: Follower = {
    listing: () => say("listing"),
    listed: (object) => say(`listed ${nameOf(object)}`),
    complete: ({ resourceVersion }) => say(`complete ${resourceVersion}`),
    brokenOff: () => say("broken off"),
    changed: ({ type, object }) => say(`${type} ${nameOf(object)}`),
    unreadable: ({ code }) => say(code),
    gone: () => say("gone"),
    troubled: (fault) => {
      const now = fault === undefined ? "" : `${fault.code} ${fault.facts["status"] ?? ""}`.trim();
      if (now !== trouble) say(now === "" ? "well again" : now);
      trouble = now;
    },
  };
  const following = follow(kube, { path: "/api/v1/pods", pageSize: 2 }, follower, {
    signal: stop.signal,
    random: () => 0,
    ...(relistMs !== undefined && { relistMs }),
  });
  await Promise.race([done.promise, following]);
  stop.abort();
  await following;
  return seen;
}

test("a list comes page after page, and the watch goes on where it ended", async () => {
  answers = [page(["a", "b"], "10", "more"), page(["c"], "10"), watch({ type: "ADDED", object: pod("d", "11") })];
  assert.deepEqual(await told("added d"), ["listing", "listed a", "listed b", "listed c", "complete 10", "added d"]);
  assert.partialDeepStrictEqual(asked, [
    { limit: "2" },
    { limit: "2", continue: "more" },
    { watch: "true", resourceVersion: "10", allowWatchBookmarks: "true" },
  ]);
});

test("a watch that ends is resumed at the last version that was told, a bookmark's too", async () => {
  answers = [
    page([], "10"),
    watch(
      { type: "MODIFIED", object: pod("a", "12") },
      { type: "BOOKMARK", object: { metadata: { resourceVersion: "20" } } },
    ),
    watch({ type: "DELETED", object: pod("a", "21") }),
  ];
  assert.deepEqual(await told("deleted a"), ["listing", "complete 10", "modified a", "deleted a"]);
  assert.deepEqual(
    asked.map((one) => one["resourceVersion"]),
    [undefined, "10", "20"],
  );
});

test("changes that are gone from etcd are followed by a new list, whether the watch or the request says so", async () => {
  for (const gone of [watch({ type: "ERROR", object: status(410, "Expired") }), refusal(410, "Gone")]) {
    answers.push(page(["a"], "10"), gone, page(["b"], "30"), watch({ type: "ADDED", object: pod("end", "31") }));
    const again = ["listing", "listed b", "complete 30", "added end"];
    assert.deepEqual(await told("added end"), ["listing", "listed a", "complete 10", "gone", ...again]);
    stop = new AbortController();
  }
});

test("a list whose snapshot is gone before its last page begins anew, and is not complete", async () => {
  answers = [page(["a"], "10", "more"), refusal(410, "Expired"), page(["a", "b"], "12")];
  assert.deepEqual(await told("complete 12"), [
    ...["listing", "listed a", "broken off", "gone"],
    ...["listing", "listed a", "listed b", "complete 12"],
  ]);
});

test("an API server that refuses or breaks off is asked again, and what it was is told", async () => {
  const half = (_: Asked, response: ServerResponse) => {
    response.write('{"metadata":{"resourceVersion":"10"},"items":[{"metadata":{"name":"a"}},');
    setImmediate(() => response.destroy());
  };
  answers = [refusal(403, "Forbidden"), half, page(["a"], "11")];
  const seen = await told("well again");
  assert.deepEqual(seen, [
    ...["listing", "broken off", "KUBE_REFUSED 403"],
    ...["listing", "listed a", "broken off", "KUBE_UNREACHABLE"],
    ...["listing", "listed a", "complete 11", "well again"],
  ]);
});

test("what cannot be read is left out by name, and the rest is told", async () => {
  const large = { type: "ADDED", object: { ...pod("x"), big: "x".repeat(kubeLimits.itemBytesMax) } };
  const lines = ["{nonsense", large, { type: "NEW" }, { type: "ADDED", object: pod("end") }];
  answers = [page([], "10"), watch(...lines)];
  assert.deepEqual(await told("added end"), [
    ...["listing", "complete 10", "BODY_MALFORMED", "BODY_TOO_LARGE", "BODY_MALFORMED", "added end"],
  ]);
});

test("all is listed again after a while, though the watch was well", async () => {
  const quiet = (of: Asked, response: ServerResponse) =>
    setTimeout(() => response.end(), Number(of["timeoutSeconds"]) * 1_000);
  answers = [page([], "10"), quiet, page([], "40")];
  assert.deepEqual(await told("complete 40", 1_000), ["listing", "complete 10", "listing", "complete 40"]);
});

test("metadata alone is asked for by its media type, and a follower that waits holds the list back", async () => {
  answers = [page(["a", "b"], "10", "more"), page(["c"], "10")];
  const objects = listObjects(kube, { path: "/api/v1/pods", metadataOnly: true });
  await objects.next();
  await objects.next();
  assert.equal(asked.length, 1, "the next page is not asked for before it is wanted");
  assert.equal(asked[0]?.["accept"], "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  await objects.next();
  const end = await objects.next();
  assert.equal(end.done, true);
  assert.ok(Math.abs((end.value as { serverTimeMs: number }).serverTimeMs - Date.now()) < 5_000);
});
