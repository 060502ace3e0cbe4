/** How long until a unit is there, in words; "" once it is there. */
import { clockTime } from "../words/format";
import { t } from "./words.svelte";

export function etaText(remainingS: number | null): string {
  if (remainingS === null) return "";
  return remainingS > 0 ? t("unit.eta", { time: clockTime(remainingS) }) : t("unit.due");
}
