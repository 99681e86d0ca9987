export { type Access, inClusterConnection, type KubeConnection, ownNamespace } from "./src/connection.ts";
export { jsonLines } from "./src/json-lines.ts";
export { apiPath, type KubeCall, KubeClient } from "./src/kube-client.ts";
export { kubeLimits } from "./src/limits.ts";
export { isGone, isNotFound, statusFault } from "./src/status-fault.ts";
export { readTokenIssuer, type TokenIssuer } from "./src/token-issuer.ts";
export { reviewToken, type TokenVerdict } from "./src/token-review.ts";
