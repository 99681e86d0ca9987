import own from "../package.json" with { type: "json" };

/** This build's version. */
export const publisherVersion: string = own.version;
