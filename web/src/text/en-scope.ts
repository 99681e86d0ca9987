// Scopes, and what all policies have.
export const enScope = {
  scope: {
    lists: {
      clusters: "Clusters",
      namespaces: "Namespaces",
      pods: "Pods",
      containers: "Containers",
      images: "Images",
      labels: "Labels (key=pattern)",
    },
    anything: "all",
    noName: "it has no name yet",
    changedTitle: "Who changed it",
    changedNone: "Nobody, as far back as the newest changes reach.",
  },
};
