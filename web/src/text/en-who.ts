// Who did it: whose session a process came from.
export const enWho = {
  doneBy: {
    title: "Who did it",
    how: { started: "started by", attached: "attached", connected: "connected" },
    howLong: {
      started: "Their session started the process, or what it comes from.",
      attached: "Attached to the process it comes from; the session started nothing.",
      connected: "Had a port of the pod forwarded meanwhile; what for is not recorded.",
    },
    kind: { exec: "exec", debug: "debug", attach: "attach", "port-forward": "port forward" },
    ambiguous: "ambiguous",
    known: "known",
    confidence: {
      high: "high confidence",
      medium: "medium confidence",
      low: "low confidence",
    },
    oneOf: (count: number) =>
      count === 1 ? "Perhaps this session:" : `One of ${count} sessions, or one nobody knows of:`,
    reason: {
      only_match: "Nothing else fits, and everything of that time has arrived.",
      by_elimination: "Others fit too, but each of them belongs to another session.",
      still_arriving: "It fits. Others may still arrive: this is settled within a minute.",
      several_sessions: "Several sessions with this command were open in the container.",
      several_processes: "More processes fit than sessions are known: a probe, or an audit record that is late.",
      too_many: "There were more sessions at once than can be told apart.",
      part_of_alert: "A part of this alert came from it; the rest may be anybody's.",
      present: "The session was open at that time; no more is known.",
    },
    started: (users: string) => `by ${users}`,
    maybe: (users: string) => `perhaps ${users}`,
    or: " or ",
    more: (count: number) => `${count} more`,
    user: "User",
    actingAs: "Acting as",
    groups: "Groups",
    from: "From",
    client: "Client",
    opened: "Opened",
    ended: "Ended",
    command: "Command",
    session: "Session",
    nobody:
      "No session into this pod is known that it came from. It amends itself when the audit record arrives later.",
    line: "came in with the session of",
  },
};
