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
    keyRepeated: (key: string) =>
      `the label ${key} stands in several lines; it takes one pattern, and other values need a row of their own`,
    changedTitle: "Who changed it",
    changedNone: "Nobody, as far back as the newest changes reach.",
  },
};
