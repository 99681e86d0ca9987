export { type Publisher, type PublisherOptions, startPublisher } from "./src/publisher.ts";
export { Spool, type SpoolOptions } from "./src/spool/spool.ts";
export { spoolCounters } from "./src/spool/spool-ledger.ts";
