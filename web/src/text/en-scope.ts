import type { IssueCode } from "../policy/issue-code.ts";

// Scopes, and what all policies have.
export const enScope = {
  leaving: {
    title: "Leave without saving?",
    lost: "What you changed here is not in force yet, and is lost if you leave.",
    stay: "Stay",
    leave: "Leave, and lose it",
  },
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
    pattern: (place: number) => `line ${place}`,
    issues: {
      rules_same_name: () => "two rules have the same name",
      scopes_same_name: () => "two scopes have the same name",
      policy_too_long: (max) => `all scopes together have more than ${max} characters`,
      blocking_policy_too_long: (max) => `a policy that blocks has at most ${max} characters`,
      no_label_key: () => "this is no key of a label; each line is key=pattern",
      no_label: () => "no label is named",
      too_many_labels: (max) => `more than ${max} labels`,
      block_welcomes: () => "block knows no welcome programs: the kernel looks at containers, not at paths",
      trial_blocks: () => "only what blocks can be on trial",
      empty: () => "it is empty",
      too_long: (max) => `it has more than ${max} characters`,
      too_many: (max) => `more than ${max} of them`,
    } satisfies Record<IssueCode, (max: number) => string> as Record<IssueCode, (max: number) => string>,
    changedTitle: "Who changed it",
    changedNone: "Nobody, as far back as the newest changes reach.",
  },
};
