import { describe, expect, it } from "vitest";
import { en } from "../src/words/en";
import { blanks, fill } from "../src/words/fill";
import { zh } from "../src/words/zh";

const keys = Object.keys(en) as (keyof typeof en)[];

describe("words", () => {
  it("has the same keys in both languages", () => {
    expect(Object.keys(zh).sort()).toEqual([...keys].sort());
  });

  it.each(keys)("%s says something in both, with the same blanks", (key) => {
    expect(en[key].trim()).not.toBe("");
    expect(zh[key].trim()).not.toBe("");
    expect(blanks(zh[key])).toEqual(blanks(en[key]));
  });

  it("is Chinese in Chinese, but for the button that offers English", () => {
    const without = keys.filter((key) => /[A-Za-z]/.test(zh[key].replace(/\{\w+\}/g, "")) && !/[一-鿿]/.test(zh[key]));
    expect(without).toEqual(["bar.language"]);
  });

  it.each([
    ["drone.hold", "悬停"],
    ["drone.return", "返航"],
    ["fleet.return", "全部返航"],
    ["drone.lost", "链路中断"],
    ["drone.stale", "数据陈旧"],
    ["task.arrived", "到场"],
    ["task.cleared", "处置完毕"],
    ["search.plan_swath", "扫宽"],
    ["unit.none", "暂无巡逻单元"],
  ] as const)("uses the glossary's word for %s", (key, word) => expect(zh[key]).toBe(word));
});

describe("fill", () => {
  it("puts values in and leaves unknown blanks to be seen", () => {
    expect(fill("{a} of {b}", { a: 1 })).toBe("1 of {b}");
  });
});
