/** Short messages: what was done, or why it was not. */
import type { Answer } from "../api/ask";
import type { Reason } from "../picture/types";
import { t } from "./words.svelte";

export interface Toast {
  id: number;
  tone: "done" | "refused" | "alert";
  title: string;
  reasons: Reason[];
}

const DONE_MS = 4000;
const REFUSED_MS = 14_000;
const MOST = 4;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;

  say(tone: Toast["tone"], title: string, reasons: Reason[] = []): void {
    const toast = { id: this.#next++, tone, title, reasons };
    this.list = [...this.list, toast].slice(-MOST);
    window.setTimeout(() => this.drop(toast.id), tone === "done" ? DONE_MS : REFUSED_MS);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  /** Tell what a request came to; true when it was granted. */
  answer(answer: Answer<unknown>, done: string): boolean {
    if (answer.ok) this.say("done", done);
    else this.say("refused", t("toast.refused"), explained(answer.status, answer.reasons));
    return answer.ok;
  }
}

/** The server's reasons, or ours when it gave none. */
export function explained(status: number, reasons: Reason[]): Reason[] {
  if (reasons.length > 0) return reasons;
  if (status === 0) return [{ field: "", problem: t("error.connection"), fix: t("error.connection_fix") }];
  return [{ field: "", problem: t("error.status", { status }), fix: t("error.status_fix") }];
}

export const toasts = new Toasts();
