// What a node's flight recorder had of an alert's container.
export const enRecorder = {
  recorder: {
    recorded: "recorded",
    ofProcess: (count: string) => `${count} recorded around it`,
    state: {
      asked: "The node is asked what this container did before: it has not answered yet.",
      unanswered: "The node did not say within an hour what this container did before.",
      refused: "Too many alerts of this container, or this node, asked for a recording: this one has none.",
      nothing: "The node's recorder had nothing of this container.",
    },
    has: (counts: string) => `From the node's recorder: ${counts}.`,
    className: { process: "programs", file: "files", network: "network", dns: "DNS", kernel: "kernel" },
    earlier: (count: string) => `${count} earlier ones are not here: too old, given up for room, or too many.`,
    lost: (count: string) => `${count} in between are lost.`,
    fromBeginning: "The recording begins here: before it nothing was recorded.",
    holds: (bytes: string, most: string) => `The flight recorder holds ${bytes} of ${most}`,
    since: "since",
    gaveUp: (count: string) => `${count} events lost for want of room`,
    unreadable: (count: string) => `${count} could not be read.`,
  },
};
