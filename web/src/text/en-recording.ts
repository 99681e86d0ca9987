// Who is recorded, and what that comes to on the nodes.
export const enRecording = {
  recording: {
    title: "Flight recorder",
    intro: "What some containers did in the last ten minutes. It stays on their node until an alert asks for it.",
    policy: "Who is recorded",
    policyText:
      "A container is recorded where one of the scopes holds. In a pattern * is anything, ? one character; one pattern a line. What is left empty fits everything.",
    none: "No scope is in force: nobody is recorded.",
    noneThen: "Without a scope nobody is recorded.",
    noneHint: "Name the containers whose last minutes you would want to see beside an alert.",
    scope: (place: number, name: string) => (name === "" ? `Scope ${place}` : `Scope ${place}: ${name}`),
    scopeWord: "Scope",
    name: "Name",
    remove: (scope: string) => `Remove: ${scope}`,
    add: "Add a scope",
    everything: "Nothing is named: this scope fits every container of every node.",
    putInForce: "Put in force",
    discard: "Undo my changes",
    notYet: "Not in force yet.",
    asInForce: "This is in force.",
    inForce: (count: number) =>
      `In force: ${count} ${count === 1 ? "scope" : "scopes"}. It reaches the nodes within seconds.`,
    changedMeanwhile:
      "Somebody else changed the scopes since you opened them. Yours were not put in force, and theirs are untouched. Load them anew, and make your change in them; what you wrote here is lost then.",
    nodes: "On the nodes",
    noNodes: "No node sends to this hub yet.",
    sum: (containers: number, nodes: number) =>
      containers === 0
        ? "No container is recorded now."
        : `${containers} ${containers === 1 ? "container is" : "containers are"} recorded now, on ${nodes} ${nodes === 1 ? "node" : "nodes"}.`,
    containers: (count: string, of: number) => `${count} ${of === 1 ? "container" : "containers"} now`,
    nothingYet: "Nothing was recorded yet.",
    notSaid: "It does not say what it holds.",
    full: "How full the recorder is",
    held: (bytes: string, most: string) => `${bytes} of ${most}`,
    refusedFrames: (count: string) => `${count} recorded frames were refused`,
    more: (count: number) => `${count} more: see the sensors`,
    kept: {
      title: "What is kept",
      what: "What",
      whatIs:
        "Programs that start and end, files opened for writing, connections, datagrams, listening sockets, and all that a rule asks for. Secrets are redacted.",
      back: "How long",
      backIs: (time: string) => `${time}, then it goes`,
      where: "Where",
      whereIs:
        "In the publisher's folder on the node, up to the size that is said for it; when the disk is short it is the first to go.",
      alert: "In an alert",
      alertIs: (count: string) => `The newest ${count} events of the container, kept as long as the alert`,
    },
  },
};
