import type { Answered, Asked } from "./metadata-service.ts";

const accessReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/** Answers the one call of the API server that the attack makes: an access review by who shows the planted token. */
export function answerApiServer(asked: Asked, body: string, token: string): Answered {
  if (asked.headers.authorization !== `Bearer ${token}`) return status(401, "Unauthorized");
  if (asked.url.pathname !== accessReviews) return status(404, "NotFound");
  if (asked.method !== "POST") return status(405, "MethodNotAllowed");
  const review = parseReview(body);
  if (review === undefined) return status(400, "BadRequest");
  return json(201, { ...review, status: { allowed: false } });
}

function parseReview(body: string): object | undefined {
  try {
    const review: unknown = JSON.parse(body);
    const isReview = typeof review === "object" && review !== null && "kind" in review;
    return isReview && review.kind === "SelfSubjectAccessReview" ? review : undefined;
  } catch {
    return undefined;
  }
}

function status(code: number, reason: string): Answered {
  return json(code, { kind: "Status", apiVersion: "v1", status: "Failure", reason, code });
}

function json(code: number, value: object): Answered {
  return { status: code, body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}
