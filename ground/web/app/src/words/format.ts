/** Numbers as people read them, always with their unit. null reads as a dash. */
export type Language = "en" | "zh";

export const DASH = "–";
const COMPASS_EN = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;
const COMPASS_ZH = ["北", "东北", "东", "东南", "南", "西南", "西", "西北"] as const;

function known(value: number | null | undefined): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** 7 m, 340 m, 1.2 km, 15 km. */
export function distance(m: number | null): string {
  if (!known(m)) return DASH;
  if (m < 995) return `${Math.round(m)} m`;
  return m < 9950 ? `${(m / 1000).toFixed(1)} km` : `${Math.round(m / 1000)} km`;
}

/** Metres to the metre, with a true minus sign. */
export function metres(m: number | null): string {
  if (!known(m)) return DASH;
  const whole = Math.round(m);
  return whole < 0 ? `−${-whole} m` : `${whole} m`;
}

/** +62 m: a height above home. */
export function aboveHome(m: number | null): string {
  if (!known(m)) return DASH;
  return Math.round(m) > 0 ? `+${metres(m)}` : metres(m);
}

export function speed(mps: number | null): string {
  if (!known(mps)) return DASH;
  return `${mps < 9.95 ? mps.toFixed(1) : Math.round(mps)} m/s`;
}

/** 084° E: three digits, then the nearest of eight points. */
export function bearing(deg: number | null, language: Language): string {
  if (!known(deg)) return DASH;
  const whole = ((Math.round(deg) % 360) + 360) % 360;
  const points = language === "zh" ? COMPASS_ZH : COMPASS_EN;
  const point = points[Math.round(whole / 45) % 8] ?? "";
  return `${String(whole).padStart(3, "0")}° ${point}`;
}

/** Hectares with one decimal under 100, square kilometres from 1000 ha on. */
export function area(m2: number | null): string {
  if (!known(m2)) return DASH;
  const ha = m2 / 10_000;
  if (ha >= 1000) return `${(ha / 100).toFixed(1)} km²`;
  return `${ha < 100 ? ha.toFixed(1) : Math.round(ha)} ha`;
}

export function percent(share: number | null): string {
  return known(share) ? `${Math.round(share * 100)} %` : DASH;
}

/** 97.3 %: to the tenth, rounded down, so that nothing is called whole that is not. */
export function share(value: number | null): string {
  if (!known(value)) return DASH;
  const tenths = Math.floor(value * 1000 + 1e-6) / 10;
  return `${Number.isInteger(tenths) ? tenths : tenths.toFixed(1)} %`;
}

/** Square metres under a tenth of a hectare, else as `area`. */
export function smallArea(m2: number | null): string {
  return known(m2) && m2 < 1000 ? `${Math.round(m2)} m²` : area(m2);
}

/** How long something has lasted: 4 s, 3 min, 2 h 05 min, 3 d. Never negative. */
export function age(seconds: number | null, language: Language): string {
  if (!known(seconds)) return DASH;
  const s = Math.max(0, Math.floor(seconds));
  const [sec, min, hour, day] =
    language === "zh" ? [" 秒", " 分钟", " 小时", " 天"] : [" s", " min", " h", " d"];
  if (s < 60) return `${s}${sec}`;
  if (s < 3600) return `${Math.floor(s / 60)}${min}`;
  if (s < 86_400) {
    const left = Math.floor((s % 3600) / 60);
    return left === 0 ? `${Math.floor(s / 3600)}${hour}` : `${Math.floor(s / 3600)}${hour} ${left}${min}`;
  }
  return `${Math.floor(s / 86_400)}${day}`;
}

/** m:ss, or h:mm:ss from an hour on; for countdowns and flying times. */
export function clockTime(seconds: number | null): string {
  if (!known(seconds)) return DASH;
  const s = Math.max(0, Math.round(seconds));
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60), s % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(rest)}` : `${m}:${two(rest)}`;
}

/** 28.88810, 120.02130: five decimals are about one metre. */
export function place(lat: number | null, lon: number | null): string {
  return known(lat) && known(lon) ? `${lat.toFixed(5)}, ${lon.toFixed(5)}` : DASH;
}

/** Wall-clock time of day, 24 h with seconds, in the machine's zone. */
export function timeOfDay(epochS: number): string {
  const d = new Date(epochS * 1000);
  return [d.getHours(), d.getMinutes(), d.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}
