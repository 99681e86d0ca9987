import own from "../package.json" with { type: "json" };

export const collectorVersion: string = own.version;
