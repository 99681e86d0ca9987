export type ImageReference = { repository: string; tag: string | undefined; digest: string | undefined };

/**
 * `localhost:5000/shop/web:1.2@sha256:..` in its parts. The tag follows the last colon behind the last slash: a
 * registry's port is no tag (Falco's audit plugin cuts at the first colon, which breaks lists of allowed images).
 */
export function imageReference(image: string): ImageReference {
  const at = image.indexOf("@");
  const name = at < 0 ? image : image.slice(0, at);
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const colon = name.indexOf(":", name.lastIndexOf("/") + 1);
  if (colon < 0) return { repository: name, tag: undefined, digest };
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1), digest };
}
