/** The values of a filter as it stands in the address bar: separated by commas. */
export function listed(value: string | undefined): string[] {
  return (value ?? "").split(",").filter((one) => one !== "");
}

/** LIKE's wildcards do not occur in ids; what holds one is looked for without it. */
export function likeText(text: string): string {
  return text.replace(/[%_]/g, "");
}
