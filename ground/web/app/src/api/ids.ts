/** Ids made by the asker, so that a repeat is harmless. Works without a secure context, unlike crypto.randomUUID. */
export function newId(prefix: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `${prefix}-${[...bytes].map((b) => (b % 36).toString(36)).join("")}`;
}
