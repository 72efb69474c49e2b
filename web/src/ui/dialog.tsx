/** Dialogs: the browser's own, which keep the focus inside and give it back. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { texts } from "../texts";
import { Icon } from "./icons";
import { inWords } from "./words";

type Props = { title: string; onClose: () => void; wide?: boolean; children: ComponentChildren };

export function Dialog({ title, onClose, wide, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog by itself
    <dialog
      ref={ref}
      class={wide ? "wide" : ""}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && ref.current?.close()}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="icon-button" aria-label={texts.close} onClick={() => ref.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

type AskProps = {
  title: string;
  lead: ComponentChildren;
  action: string;
  danger?: boolean;
  run: () => Promise<unknown> | undefined;
  onClose: () => void;
};

/** Asks before something that cannot be taken back. */
export function Ask({ title, lead, action, danger, run, onClose }: AskProps) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const go = async () => {
    setBusy(true);
    try {
      await run();
      onClose();
    } catch (error) {
      setFault(inWords(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="dialog-text">{lead}</div>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="dialog-actions">
        <button type="button" class="button quiet" onClick={onClose}>
          {texts.cancel}
        </button>
        <button type="button" class={`button ${danger ? "danger" : ""}`} disabled={busy} onClick={() => void go()}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}
