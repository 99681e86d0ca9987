// Apart from the rest: a part that runs in a pod reads no kubeconfig, and needs no YAML parser in its memory.
export { kubeconfigConnection } from "./src/kubeconfig.ts";
