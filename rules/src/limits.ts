// Every bound of the rule engine. Units last.

export const ruleLimits = {
  /** One rule file. Falco's largest official file has 95 kB. */
  fileBytesMax: 4 * 1024 * 1024,
  /** Words and marks of one file (all our packs together have 11,000), brackets inside each other, aliases. */
  yamlPartsMax: 200_000,
  yamlNestingMax: 64,
  yamlAliasesMax: 1_000,
  /** Keys of one mapping. */
  mappingKeysMax: 64,
  /** Problems of one file that are told; the rest is a number. */
  fileProblemsMax: 100,
  /** Times that one list, macro or rule is added to. */
  appendsMax: 1_000,
  /** Lists, macros and rules of one file. */
  fileItemsMax: 20_000,
  /** One condition, appended parts and exceptions included. */
  conditionCharsMax: 262_144,
  /** Parentheses and `not` inside each other, so that no text exhausts the stack. */
  nestingMax: 200,
  /** Macros inside macros. */
  macroDepthMax: 64,
  /** Comparisons of one rule, macros counted as often as they are used: a few macros can double each other for ever. */
  comparisonsMax: 20_000,
  /** Comparisons of all rules together. */
  allComparisonsMax: 500_000,
  /** Items of one list, lists inside it included. */
  listItemsMax: 100_000,
  /** Characters of a regular expression. */
  regexCharsMax: 8_192,
  /** Instructions that one compiles to: a match takes them times the text's length at most. Real ones have some hundred. */
  regexInstructionsMax: 5_000,
  /** A `correlate:` block: how much is counted, and for how long. */
  correlateCountMax: 1_000,
  correlateSpanUsMax: 24 * 3_600_000_000,
  correlateKeysMax: 16,
  /** Open windows of one rule, and what all of them together remember; the oldest go first, and are counted. */
  windowsMax: 65_536,
  windowValuesMax: 1_048_576,
  /** A value or key that a window remembers; longer ones are remembered by their hash. */
  windowValueCharsMax: 128,
  /** Values of a window that fired that its alert shows. */
  windowValuesShownMax: 32,
  /** A window that no event touched for this long, beyond its timespan, ends: an hour without the hub is made up for. */
  windowIdleUsMax: 2 * 3_600_000_000,
  /** So much later than a window's end its sender's events must be before it ends: how far out of order they may come. */
  windowLateUsMax: 60_000_000,
  /** The log of windows is cleaned when it is longer than this, beyond twice what its live windows take. */
  windowLogCharsMin: 262_144,
  windowLogRowsMax: 16_384,
  /** Windows that one batch may carry over while it cleans, at least. */
  windowsCarriedMin: 64,
  /** Nodes of the tree that says why a rule fired, and the false branches shown of a long `or`. */
  whyNodesMax: 600,
  whyFalseBranchesMax: 8,
  whyValueCharsMax: 512,
  whyTextCharsMax: 300,
  /** One value in an alert's output; a record's whole object does not belong there. */
  outputValueCharsMax: 8_192,
  /** A filter plan's lists: as in the contract of wire. */
  planNamesMax: 8_192,
  planChangeNamesMax: 4_096,
  planPrefixesMax: 64,
  planDomainsMax: 16_384,
  planPrefixBytesMax: 128,
  planNameBytesMax: 255,
  planSuffixesMax: 256,
  planSuffixBytesMax: 32,
  planPortsMax: 512,
} as const;
