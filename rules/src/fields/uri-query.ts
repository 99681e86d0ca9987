/**
 * The first value of a parameter of a request's URI, read as the API server reads it (Go's url.ParseQuery): a pair with a
 * semicolon or a broken escape does not count, a question mark behind the first belongs to a name. Undefined when it is
 * not there or empty. Of `dryRun` the first value decides: the API server refuses a request in which any is not `All`.
 */
export function uriParameter(uri: string, name: string): string | undefined {
  const mark = uri.indexOf("?");
  if (mark < 0) return undefined;
  for (const pair of uri.slice(mark + 1).split("&")) {
    if (pair === "" || pair.includes(";")) continue;
    const equals = pair.indexOf("=");
    const key = unescaped(equals < 0 ? pair : pair.slice(0, equals));
    if (key !== name) continue;
    const value = unescaped(equals < 0 ? "" : pair.slice(equals + 1));
    if (value !== undefined) return value === "" ? undefined : value;
  }
  return undefined;
}

const brokenEscape = /%(?![0-9A-Fa-f]{2})/;

/** Undefined where the escapes are broken; what is no UTF-8 has the replacement character in its place. */
function unescaped(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text;
  if (brokenEscape.test(text)) return undefined;
  const bytes = text
    .replaceAll("+", " ")
    .replace(/[^%]+|%[0-9A-Fa-f]{2}/g, (part) => (part.startsWith("%") ? part : hex(part)));
  return Buffer.from(bytes.replaceAll("%", ""), "hex").toString("utf8");
}

const hex = (text: string): string => Buffer.from(text, "utf8").toString("hex");
