/** One HTTP request to the server and what it answered; refusals are values, not exceptions. */
import { isRecord, parseJson } from "../picture/parse";
import type { Reason } from "../picture/types";

export type Answer<T> =
  | { ok: true; value: T }
  /** `status` 0: no answer at all. */
  | { ok: false; status: number; reasons: Reason[] };

export type Method = "GET" | "POST" | "DELETE";

/** Ask, and read a granted answer with `read`. */
export async function ask<T>(method: Method, path: string, body: unknown, read: (json: unknown) => T): Promise<Answer<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    text = await response.text();
  } catch {
    return { ok: false, status: 0, reasons: [] };
  }
  const json = parseJson(text);
  if (response.ok && !(isRecord(json) && json["accepted"] === false)) return { ok: true, value: read(json) };
  return { ok: false, status: response.status, reasons: reasonsFrom(json) };
}

/** A picture, decoded; null when none came. */
export async function askPicture(path: string): Promise<ImageBitmap | null> {
  try {
    const response = await fetch(path, { credentials: "same-origin" });
    return response.ok ? await createImageBitmap(await response.blob()) : null;
  } catch {
    return null;
  }
}

/** The reasons of a refusal: ours, or those of the framework's own validation. */
export function reasonsFrom(json: unknown): Reason[] {
  if (!isRecord(json)) return [];
  if (Array.isArray(json["reasons"])) return json["reasons"].flatMap(ourReason);
  if (Array.isArray(json["detail"])) return json["detail"].flatMap(frameworkReason);
  return typeof json["detail"] === "string" ? [{ field: "", problem: json["detail"], fix: "" }] : [];
}

function ourReason(value: unknown): Reason[] {
  if (!isRecord(value)) return [];
  return [{ field: textOf(value["field"]), problem: textOf(value["problem"]), fix: textOf(value["fix"]) }];
}

function frameworkReason(value: unknown): Reason[] {
  if (!isRecord(value)) return [];
  const loc = Array.isArray(value["loc"]) ? value["loc"].filter((part) => part !== "body").join(".") : "";
  return [{ field: loc, problem: textOf(value["msg"]), fix: "" }];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
