// A way to the hub through an HTTP proxy, for the publisher and the chart's own jobs.
export { openTunnel } from "./src/proxy-tunnel.ts";
