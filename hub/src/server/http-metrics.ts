import type { FastifyInstance } from "fastify";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What the server counts of itself; the pipeline's and the store's figures come from HubCore. */
export class HttpMetrics {
  readonly registry = new Registry();
  readonly requests = new Counter({
    name: "atalaya_http_requests_total",
    help: "Requests by route and status.",
    labelNames: ["method", "route", "status"],
    registers: [this.registry],
  });
  readonly seconds = new Histogram({
    name: "atalaya_http_request_seconds",
    help: "Time to answer, by route; streams are left out.",
    labelNames: ["route"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [this.registry],
  });
  readonly refused = new Counter({
    name: "atalaya_refused_total",
    help: "Requests refused, by the fault's code.",
    labelNames: ["code"],
    registers: [this.registry],
  });
  readonly ingestBytes = new Counter({
    name: "atalaya_ingest_bytes_total",
    help: "Bytes of ingest bodies, packed and unpacked.",
    labelNames: ["form"],
    registers: [this.registry],
  });
  readonly auditRefused = new Counter({
    name: "atalaya_audit_records_refused_total",
    help: "Audit records that were posted and could not be read; a body that is no list counts as one.",
    registers: [this.registry],
  });
  readonly auditCut = new Counter({
    name: "atalaya_audit_records_cut_total",
    help: "Audit records of which a part was left out, because a client had made it too deep or too large.",
    registers: [this.registry],
  });
  readonly streams = new Gauge({
    name: "atalaya_streams",
    help: "Open event streams.",
    registers: [this.registry],
  });
  readonly streamsDropped = new Counter({
    name: "atalaya_streams_dropped_total",
    help: "Streams closed by the hub, by reason.",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly connectionsClosed = new Counter({
    name: "atalaya_connections_closed_total",
    help: "Connections closed to make room, by what there were too many of: strangers, or those of one credential.",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly bodiesEnded = new Counter({
    name: "atalaya_bodies_ended_total",
    help: "Bodies that arrived so slowly that another took their place.",
    registers: [this.registry],
  });
  readonly changesDropped = new Counter({
    name: "atalaya_api_changes_dropped_total",
    help: "Changes through the API that were not noted: strangers' beyond the rate, or a store that takes nothing.",
    registers: [this.registry],
  });
  readonly notifications = new Counter({
    name: "atalaya_notifications_total",
    help: "Notifications by way and outcome.",
    labelNames: ["way", "outcome"],
    registers: [this.registry],
  });

  watch(app: FastifyInstance): void {
    app.addHook("onResponse", (request, reply, done) => {
      // The route's pattern, never the address: a label of a client's choice would grow without bound.
      const route = request.routeOptions.url ?? "none";
      this.requests.inc({ method: request.method, route, status: String(reply.statusCode) });
      if (route !== "/api/v1/stream") this.seconds.observe({ route }, reply.elapsedTime / 1000);
      done();
    });
  }
}
