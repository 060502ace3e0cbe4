/** The language in use, remembered on this machine. */
import { en, type WordKey } from "../words/en";
import { fill } from "../words/fill";
import { clockTime, type Language } from "../words/format";
import { zh } from "../words/zh";
import { recall, remember } from "./memory";

const first: Language = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";

class Words {
  language = $state<Language>(recall("language", ["en", "zh"], first));

  toggle(): void {
    this.language = this.language === "en" ? "zh" : "en";
    remember("language", this.language);
  }
}

export const words = new Words();

/** The text of a key in the language in use. */
export function t(key: WordKey, values: Readonly<Record<string, string | number>> = {}): string {
  return fill((words.language === "zh" ? zh : en)[key], values);
}

/** The text of a key made at run time, or `otherwise` when there is none (a newer server may know more words). */
export function word(prefix: string, name: string | null, otherwise: string = name ?? ""): string {
  const key = `${prefix}.${name ?? ""}`;
  return key in en ? t(key as WordKey) : otherwise;
}

/** How long until a unit is there; "" once it is there. */
export function etaText(remainingS: number | null): string {
  if (remainingS === null) return "";
  return remainingS > 0 ? t("unit.eta", { time: clockTime(remainingS) }) : t("unit.due");
}
