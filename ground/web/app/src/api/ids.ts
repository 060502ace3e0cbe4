/** Ids made by the asker, so that a repeat is harmless: short enough to read aloud, with the minute they were made.
 * Works without a secure context, unlike crypto.randomUUID. */
const SAFE = "abcdefghjkmnpqrstuvwxyz23456789";
const LETTERS = 4;

/** For example S-1122-1349-k7pa: made on 22 November at 13:49. */
export function newId(prefix: string, now: Date = new Date()): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = two(now.getMonth() + 1) + two(now.getDate());
  const bytes = crypto.getRandomValues(new Uint8Array(LETTERS));
  const letters = [...bytes].map((b) => SAFE[b % SAFE.length]).join("");
  return `${prefix}-${day}-${two(now.getHours())}${two(now.getMinutes())}-${letters}`;
}
