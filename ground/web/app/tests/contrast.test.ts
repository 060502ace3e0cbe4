import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SLOTS, slotColour } from "../src/picture/colours";

const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

function tokens(theme: string): Record<string, string> {
  const block = css.split(`[data-theme="${theme}"] {`)[1]?.split("}")[0] ?? "";
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m) => [m[1] ?? "", m[2] ?? ""]));
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5]
    .map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

describe.each(["night", "day"])("%s theme", (theme) => {
  const colour = tokens(theme);
  const of = (name: string): string => colour[name] ?? "";

  const texts = ["text", "muted", "accent", "ok", "warn", "danger", "unit"];
  const grounds = ["surface", "raised", "sunken"];
  it.each(texts.flatMap((text) => grounds.map((ground) => [text, ground] as const)))("%s reads on %s", (text, ground) => {
    expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each([["on-accent", "accent"], ["on-danger", "danger"], ["on-warn", "warn"], ["on-unit", "unit"], ["on-return", "return"], ["on-return", "return-fill"]] as const)(
    "%s reads on %s",
    (text, ground) => expect(contrast(of(text), of(ground))).toBeGreaterThanOrEqual(4.5),
  );

  it("shows edges of fields and every drone's colour against what is behind them (3:1)", () => {
    expect(contrast(of("line-strong"), of("surface"))).toBeGreaterThanOrEqual(3);
    for (let slot = 0; slot < SLOTS; slot++) {
      expect(contrast(slotColour(slot, theme === "night"), of("map-ground"))).toBeGreaterThanOrEqual(3);
    }
  });
});
