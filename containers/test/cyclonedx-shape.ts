import * as z from "zod";

// What the published schema of CycloneDX 1.6 (bom-1.6.schema.json) requires of the members that we write. Objects are
// strict as they are there (`additionalProperties: false`): a misspelt member is a failure, not an extra.

const refLink = z.string().min(1);
const hash = z.strictObject({
  alg: z.enum(["SHA-256", "SHA-512"]),
  content: z.string().regex(/^([a-fA-F0-9]{64}|[a-fA-F0-9]{128})$/),
});
/** Either licences or one expression, never both. */
const licenses = z.union([
  z.array(
    z.strictObject({
      license: z.union([z.strictObject({ id: z.string().min(1) }), z.strictObject({ name: z.string().min(1) })]),
    }),
  ),
  z.tuple([z.strictObject({ expression: z.string().min(1) })]),
]);
const componentShape = {
  type: z.enum(["application", "framework", "library", "container", "platform", "operating-system", "device"]),
  "bom-ref": refLink,
  group: z.string().optional(),
  name: z.string().min(1),
  version: z.string().max(1_024).optional(),
  hashes: z.array(hash).optional(),
  licenses: licenses.optional(),
  cpe: z
    .string()
    .regex(/^cpe:2\.3:[aho](:[^\s:]+){10}$/)
    .optional(),
  // https://github.com/package-url/purl-spec: scheme:type/namespace/name@version?qualifiers
  purl: z
    .string()
    .regex(/^pkg:[a-z]+(\/[A-Za-z0-9.%+~_-]+){1,3}@[A-Za-z0-9.%+~_-]+(\?[a-z]+=[^&\s]+(&[a-z]+=[^&\s]+)*)?$/)
    .optional(),
  properties: z.array(z.strictObject({ name: z.string(), value: z.string() })).optional(),
};
const component = z.strictObject({
  ...componentShape,
  components: z.array(z.strictObject(componentShape)).optional(),
});

export const bomShape = z.strictObject({
  $schema: z.literal("http://cyclonedx.org/schema/bom-1.6.schema.json"),
  bomFormat: z.literal("CycloneDX"),
  specVersion: z.literal("1.6"),
  serialNumber: z.string().regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  version: z.int().min(1),
  metadata: z.strictObject({
    timestamp: z.iso.datetime(),
    lifecycles: z.array(z.strictObject({ phase: z.literal("build") })),
    tools: z.strictObject({ components: z.array(component) }),
    component,
  }),
  components: z.array(component),
  dependencies: z.array(z.strictObject({ ref: refLink, dependsOn: z.array(refLink) })),
});

export type ShapedBom = z.infer<typeof bomShape>;

/** Names by which other members refer to a component; the schema requires that none is there twice. */
export function referencesOf(bom: ShapedBom): string[] {
  return [bom.metadata.component, ...bom.components].flatMap((one) => [
    one["bom-ref"],
    ...(one.components ?? []).map((inner) => inner["bom-ref"]),
  ]);
}
