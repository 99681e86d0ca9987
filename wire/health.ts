// The kubelet's probes, for the parts that run in pods under a small limit.
export { HealthServer, type Obstacle } from "./src/health-server.ts";
