/** Choices remembered on this machine; private windows may forbid it, then they last until the page closes. */
export function recall<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  try {
    const value = localStorage.getItem(`airground.${name}`);
    return allowed.find((a) => a === value) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`airground.${name}`, value);
  } catch {
    return;
  }
}
