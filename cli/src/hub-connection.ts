/** The options that every command which talks to a hub takes. */
export const connectionOptions = { data: { type: "string" } } as const;
