import own from "../package.json" with { type: "json" };

/** This build's version. */
export const inventoryVersion: string = own.version;
