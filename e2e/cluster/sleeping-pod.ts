/** A container that does nothing until it is entered, of the image that every cluster has. */
export const sleepingContainer = {
  name: "main",
  image: "localhost/busybox:1",
  imagePullPolicy: "Never",
  command: ["sleep", "6000"],
} as const;

/** The `spec` of a pod of one such container, gone at once when it is deleted; `more` are members of the container. */
export function sleepingSpec(more: object = {}): object {
  return { terminationGracePeriodSeconds: 0, containers: [{ ...sleepingContainer, ...more }] };
}

export function sleepingPod(name: string, more: object = {}): object {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: name } }, spec: sleepingSpec(more) };
}
