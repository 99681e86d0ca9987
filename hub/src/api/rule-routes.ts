import { explainedPlanSchema, Fault, ruleSchema } from "@atalaya/wire";
import * as z from "zod";
import { whoOf } from "../auth/authenticate.ts";
import type { App, RouteContext } from "../server/app-type.ts";
import { refusals, signedIn } from "./route-schema.ts";

const tags = ["rules"];
const params = z.object({ rule: z.string().min(1).max(256) });
const unknown = () => new Fault("NOT_FOUND", "There is no rule of this name");

/** Reading rules and switching them. */
export function addRuleRoutes(app: App, { core }: RouteContext): void {
  app.route({
    method: "GET",
    url: "/api/v1/rules",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "Every rule that is loaded",
      security: signedIn,
      response: { 200: z.object({ rules: z.array(ruleSchema) }), ...refusals },
    },
    handler: async (request) => ({ rules: await core.rules(whoOf(request).workspaceId) }),
  });

  app.route({
    method: "GET",
    url: "/api/v1/filter-plan",
    config: { access: "viewer" },
    schema: {
      tags,
      summary: "What the loaded rules make the kernel send, and which rule asks for it",
      security: signedIn,
      response: { 200: explainedPlanSchema, ...refusals },
    },
    handler: async () => core.explainedPlan(),
  });

  app.route({
    method: "GET",
    url: "/api/v1/rules/:rule",
    config: { access: "viewer" },
    schema: { tags, summary: "One rule", security: signedIn, params, response: { 200: ruleSchema, ...refusals } },
    handler: async (request) => {
      const rules = await core.rules(whoOf(request).workspaceId);
      const rule = rules.find((one) => one.rule === request.params.rule);
      if (rule === undefined) throw unknown();
      return rule;
    },
  });

  app.route({
    method: "PUT",
    url: "/api/v1/rules/:rule/enabled",
    config: { access: "admin" },
    schema: {
      tags,
      summary: "Switch a rule on or off",
      security: signedIn,
      params,
      body: z.object({ enabled: z.boolean() }),
      response: { 200: ruleSchema, ...refusals },
    },
    handler: async (request) => {
      const who = whoOf(request);
      const rule = await core.setRuleEnabled(who.workspaceId, request.params.rule, request.body.enabled, who.user);
      if (rule === undefined) throw unknown();
      request.log.info({ user: who.user, rule: rule.rule, enabled: rule.enabled }, "a rule was switched");
      return rule;
    },
  });
}
