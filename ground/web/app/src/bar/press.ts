/** A button that acts only when pressed for `ms` without letting go: by pointer, Space or Enter. */
import type { Action } from "svelte/action";

export interface Press {
  ms: number;
  done: () => void;
  pressing: (now: boolean) => void;
}

export const pressAndHold: Action<HTMLElement, Press> = (node, first) => {
  let press = first;
  let timer: number | null = null;

  const begin = (): void => {
    if (timer !== null) return;
    press.pressing(true);
    timer = window.setTimeout(() => {
      end();
      press.done();
    }, press.ms);
  };
  const end = (): void => {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
    press.pressing(false);
  };
  const keyDown = (event: KeyboardEvent): void => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) begin();
  };
  const pointerDown = (event: PointerEvent): void => {
    if (event.button === 0) begin();
  };
  const noMenu = (event: Event): void => event.preventDefault();

  node.addEventListener("pointerdown", pointerDown);
  node.addEventListener("keydown", keyDown);
  node.addEventListener("contextmenu", noMenu);
  const ends = ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"] as const;
  for (const name of ends) node.addEventListener(name, end);
  return {
    update: (next) => {
      press = next;
    },
    destroy: () => {
      end();
      node.removeEventListener("pointerdown", pointerDown);
      node.removeEventListener("keydown", keyDown);
      node.removeEventListener("contextmenu", noMenu);
      for (const name of ends) node.removeEventListener(name, end);
    },
  };
};
