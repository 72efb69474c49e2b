/** Short words about what just happened. */
import { signal } from "@preact/signals";
import { texts } from "../texts";
import { Icon } from "./icons";
import { inWords } from "./words";

type Toast = { id: number; words: string; bad: boolean; action?: { label: string; run: () => void } };

const shown = signal<readonly Toast[]>([]);
const STAYS = 6000;
let last = 0;

export function say(words: string, options: { bad?: boolean; action?: Toast["action"]; stays?: boolean } = {}): void {
  last += 1;
  const id = last;
  const toast: Toast = { id, words, bad: options.bad ?? false, ...(options.action && { action: options.action }) };
  shown.value = [...shown.value.filter((one) => one.words !== words).slice(-2), toast];
  if (!options.stays) setTimeout(() => drop(id), STAYS);
}

/** Do something that may be refused, and say so. Returns whether it was done. */
export async function attempt(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    say(inWords(error), { bad: true });
    return false;
  }
}

function drop(id: number): void {
  shown.value = shown.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((toast) => (
        <div key={toast.id} class={`toast ${toast.bad ? "bad" : ""}`}>
          <span>{toast.words}</span>
          {toast.action && (
            <button type="button" class="text-button" onClick={toast.action.run}>
              {toast.action.label}
            </button>
          )}
          <button type="button" class="icon-button small" aria-label={texts.dismiss} onClick={() => drop(toast.id)}>
            <Icon name="close" size={18} />
          </button>
        </div>
      ))}
    </div>
  );
}
