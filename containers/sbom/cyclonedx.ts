import { createHash } from "node:crypto";

// CycloneDX 1.6, https://cyclonedx.org/docs/1.6/json/: the members that we write.

export type Hash = { alg: "SHA-256" | "SHA-512"; content: string };
export type License = { license: { id: string } | { name: string } } | { expression: string };
export type Component = {
  type: "application" | "container" | "library" | "platform" | "operating-system";
  "bom-ref": string;
  name: string;
  group?: string;
  version: string;
  description?: string;
  hashes?: Hash[];
  licenses?: License[];
  purl?: string;
  cpe?: string;
  /** What the component is itself made of. */
  components?: Component[];
  /** Facts without a member of their own, under names with our prefix. */
  properties?: { name: string; value: string }[];
};

export type Bom = {
  $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json";
  bomFormat: "CycloneDX";
  specVersion: "1.6";
  serialNumber: string;
  version: 1;
  metadata: {
    timestamp: string;
    lifecycles: [{ phase: "build" }];
    tools: { components: Component[] };
    component: Component;
  };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
};

/** A bill of materials that is the same for the same contents, whatever the day: its number is a hash of them. */
export function makeBom(subject: Component, components: readonly Component[], tool: Component, seconds: number): Bom {
  const sorted = components.toSorted((a, b) => (a["bom-ref"] < b["bom-ref"] ? -1 : 1));
  const number = uuidOf(JSON.stringify([subject, sorted]));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${number}`,
    version: 1,
    metadata: {
      timestamp: new Date(seconds * 1_000).toISOString(),
      lifecycles: [{ phase: "build" }],
      tools: { components: [tool] },
      component: subject,
    },
    components: sorted,
    dependencies: [{ ref: subject["bom-ref"], dependsOn: sorted.map((one) => one["bom-ref"]) }],
  };
}

/** RFC 9562, section 5.8 (version 8): a UUID whose bits are ours to choose. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return parts.join("-");
}
