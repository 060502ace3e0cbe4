/** Who is signed in on this machine. */
import { may, type Operation } from "../api/allowed";
import * as api from "../api/calls";
import type { Reason } from "../picture/types";

export type Stage = "checking" | "signed_out" | "must_change" | "signed_in";

class Session {
  stage = $state<Stage>("checking");
  account = $state.raw<api.Account | null>(null);

  may(operation: Operation): boolean {
    return may(this.account?.role ?? "", operation);
  }

  /** Ask the server; without an answer a session that was good stays. */
  async check(): Promise<void> {
    const answer = await api.whoAmI();
    if (answer.ok) this.#enter(answer.value);
    else if (answer.status === 401 || this.stage === "checking") this.#leave();
  }

  /** null when it worked, else why not (no reasons: wrong name or password, or no answer). */
  async signIn(name: string, password: string): Promise<{ status: number; reasons: Reason[] } | null> {
    const answer = await api.signIn(name, password);
    if (!answer.ok) return { status: answer.status, reasons: answer.reasons };
    this.#enter(answer.value);
    return null;
  }

  async changePassword(old: string, fresh: string): Promise<{ status: number; reasons: Reason[] } | null> {
    const answer = await api.changePassword(old, fresh);
    if (!answer.ok) return { status: answer.status, reasons: answer.reasons };
    if (this.account) this.#enter({ ...this.account, mustChangePassword: false });
    return null;
  }

  async signOut(): Promise<void> {
    await api.signOut();
    this.#leave();
  }

  #enter(account: api.Account): void {
    this.account = account;
    this.stage = account.mustChangePassword ? "must_change" : "signed_in";
  }

  #leave(): void {
    this.account = null;
    this.stage = "signed_out";
  }
}

export const session = new Session();
