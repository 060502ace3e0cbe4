/** Which role sees which button, as in core/roles.py. The server decides; this only spares people a refusal. */
export type Operation = "plan_search" | "approve_search" | "fly" | "judge_incident" | "send_unit" | "view_video";

const ALLOWED: Readonly<Record<string, readonly Operation[]>> = {
  pilot: ["view_video", "plan_search", "approve_search", "fly", "judge_incident"],
  dispatcher: ["view_video", "plan_search", "judge_incident", "send_unit"],
  sar_operator: ["view_video", "plan_search", "judge_incident", "send_unit"],
  supervisor: ["view_video", "plan_search", "approve_search", "fly", "judge_incident", "send_unit"],
};

export function may(role: string, operation: Operation): boolean {
  return ALLOWED[role]?.includes(operation) ?? false;
}
