import { faultReplySchema } from "@atalaya/wire";
import * as z from "zod";

/** The answers that every route shares: a refusal says what happened and what to do next. */
export const refusals = { "4xx": faultReplySchema, "5xx": faultReplySchema } as const;

/** The security schemes of the OpenAPI document, by who may call. */
export const signedIn = [{ session: [] }, { token: [] }];
export const sensorOnly = [{ sensor: [] }];
export const auditOnly = [{ audit: [] }];

export const nothing = z.undefined().describe("Done; no content");
