import { describe, expect, it } from "vitest";
import * as f from "../src/words/format";

describe("format", () => {
  it.each([
    [0, "0 m"], [6.6, "7 m"], [994, "994 m"], [995, "1.0 km"], [1234, "1.2 km"], [9949, "9.9 km"], [15_400, "15 km"],
    [null, "–"], [NaN, "–"],
  ])("distance(%d) is %s", (m, text) => expect(f.distance(m)).toBe(text));

  it.each([
    [0, "000° N"], [22.4, "022° N"], [45, "045° NE"], [84.4, "084° E"], [359.6, "000° N"], [-90, "270° W"], [337.6, "338° N"],
  ])("bearing(%d) is %s", (deg, text) => expect(f.bearing(deg, "en")).toBe(text));
  it("names the points in Chinese", () => expect(f.bearing(225, "zh")).toBe("225° 西南"));

  it.each([
    [0, "0.0 ha"], [123_456, "12.3 ha"], [999_000, "99.9 ha"], [2_500_000, "250 ha"], [12_300_000, "12.3 km²"], [null, "–"],
  ])("area(%d m2) is %s", (m2, text) => expect(f.area(m2)).toBe(text));

  it.each([
    [-3, "0 s", "0 秒"], [4.9, "4 s", "4 秒"], [59.99, "59 s", "59 秒"], [60, "1 min", "1 分钟"], [3599, "59 min", "59 分钟"],
    [3600, "1 h", "1 小时"], [7500, "2 h 5 min", "2 小时 5 分钟"], [200_000, "2 d", "2 天"], [null, "–", "–"],
  ])("age(%d s)", (s, english, chinese) => {
    expect(f.age(s, "en")).toBe(english);
    expect(f.age(s, "zh")).toBe(chinese);
  });

  it.each([[0, "0:00"], [9.4, "0:09"], [125, "2:05"], [3725, "1:02:05"], [-4, "0:00"], [null, "–"]])(
    "clockTime(%d) is %s",
    (s, text) => expect(f.clockTime(s)).toBe(text),
  );

  it("shows the sign of a height above home", () => {
    expect([62.4, 0.2, -3, null].map(f.aboveHome)).toEqual(["+62 m", "0 m", "−3 m", "–"]);
  });
  it("gives speeds and shares their units", () => {
    expect([0, 9.94, 9.96, null].map(f.speed)).toEqual(["0.0 m/s", "9.9 m/s", "10 m/s", "–"]);
    expect([0, 0.844, 1, null].map(f.percent)).toEqual(["0 %", "84 %", "100 %", "–"]);
  });
  it("writes places latitude first", () => {
    expect(f.place(28.888_1, 120.021_3)).toBe("28.88810, 120.02130");
    expect(f.place(null, 120)).toBe("–");
  });
});
