// The search of what ran.
export const enProcesses = {
  processes: {
    title: "Processes",
    search: "Search what ran, or name:curl user:0 pod:shop/web-1",
    searchLabel: "Search processes",
    only: "Only these",
    onHost: "host",
    containerUnknown: "container not known",
    noEnd: "no end seen",
    ran: (time: string) => `ran ${time}`,
    origin: { added: "not in the image", memory: "from memory" },
    allTime: "all that is kept",
    last: (span: string) => `last ${span}`,
    filter: {
      name: "program",
      pod: "pod",
      container: "container",
      cluster: "cluster",
      node: "node",
      uid: "user",
      q: "words",
    },
    emptyTitle: "Nothing like that ran",
    emptyText:
      "Of what is kept, nothing fits. Take a filter away, or look further back. A pod is looked for by the containers it has now: what ran in one that was restarted since is found by its container.",
    searchedTo: (time: string) => `Searched back to ${time}.`,
    older: "Search further back",
    end: "That is all that is kept.",
  },
};
