import { randomBytes } from "node:crypto";

/** What is planted for the attack to find: worthless, unique to the run, and easy to recognise in an output. */
export type PlantedSecrets = {
  /** A service account's token in shape only: no key ever signed it. */
  token: string;
  gitCredentials: string;
  /** The value of the environment variable AWS_SECRET_ACCESS_KEY. */
  variable: string;
  /** Stands in every credential of the metadata services' stand-in. */
  metadata: string;
};

export function plantSecrets(): PlantedSecrets {
  const marker = () => `simulated-${randomBytes(12).toString("hex")}`;
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { iss: "atalaya-simulation", sub: "system:serviceaccount:default:victim", jti: marker() };
  return {
    token: `${part({ alg: "none" })}.${part(claims)}.${Buffer.from(marker()).toString("base64url")}`,
    gitCredentials: `https://simulation:${marker()}@git.invalid`,
    variable: marker(),
    metadata: marker(),
  };
}
