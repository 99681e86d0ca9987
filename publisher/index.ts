export { BackOff } from "./src/back-off.ts";
export { type Publisher, type PublisherOptions, startPublisher } from "./src/publisher.ts";
export { Spool } from "./src/spool.ts";
