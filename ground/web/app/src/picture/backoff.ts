/** How long to wait before the n-th try (0, 1, 2, ...): doubling from 0.5 s to 8 s, with up to 30 % taken off by `roll`. */
export function waitMs(attempt: number, roll: number): number {
  const full = Math.min(8000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(full * (1 - 0.3 * roll));
}
