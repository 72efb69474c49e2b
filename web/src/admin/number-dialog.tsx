/** A number's settings; the same change for several. */
import { useState } from "preact/hooks";
import type { AdminNumber, BulkResult, NumberPut } from "../api/types";
import { useApp } from "../app";
import { readable } from "../data/phone";
import { texts } from "../texts";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/parts";
import { inWords } from "../ui/words";
import { listed } from "./csv";

const adm = texts.adm;

/** Saves, closes, or says why not. */
function useSaving<T>(save: () => Promise<T>, onDone: (result: T) => void, onClose: () => void) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFault("");
    try {
      onDone(await save());
      onClose();
    } catch (error) {
      setFault(inWords(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, submit };
}

type NumberProps = { number: AdminNumber | null; onDone: () => void; onClose: () => void };

export function NumberDialog({ number, onDone, onClose }: NumberProps) {
  const { office } = useApp();
  const [e164, setE164] = useState(number?.number ?? "");
  const [label, setLabel] = useState(number?.label ?? "");
  const [extensions, setExtensions] = useState(number?.extensions.join(", ") ?? "");
  const [emails, setEmails] = useState(number?.emails.join(", ") ?? "");
  const [enabled, setEnabled] = useState(number?.enabled ?? true);
  const save = () =>
    office.api.admin.putNumber(e164.replace(/[\s().-]/g, ""), {
      label,
      extensions: listed(extensions),
      emails: listed(emails),
      enabled,
    });
  const { busy, fault, submit } = useSaving(save, onDone, onClose);
  return (
    <Dialog title={number ? adm.editNumber : adm.addNumber} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        {number ? (
          <p class="contact-name">{readable(number.number)}</p>
        ) : (
          <Field
            label={texts.number}
            type="tel"
            placeholder="+61 411 111 111"
            required
            value={e164}
            onInput={setE164}
          />
        )}
        <Field label={adm.label} maxLength={80} value={label} onInput={setLabel} />
        <Field label={adm.extensions} hint={adm.extensionsHint} required value={extensions} onInput={setExtensions} />
        <Field label={adm.emails} hint={adm.emailsHint} value={emails} onInput={setEmails} />
        <label class="check">
          <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
          <span>
            {adm.enabled}
            <span class="soft small">{adm.enabledHint}</span>
          </span>
        </label>
        <Saving busy={busy} fault={fault} onClose={onClose} />
      </form>
    </Dialog>
  );
}

type BulkProps = { numbers: string[]; onDone: (result: BulkResult) => void; onClose: () => void };

export function BulkDialog({ numbers, onDone, onClose }: BulkProps) {
  const { office } = useApp();
  const [label, setLabel] = useState("");
  const [extensions, setExtensions] = useState("");
  const [emails, setEmails] = useState("");
  const [enabled, setEnabled] = useState("");
  const changes: Partial<NumberPut> = {
    ...(label && { label }),
    ...(extensions && { extensions: listed(extensions) }),
    ...(emails && { emails: listed(emails) }),
    ...(enabled && { enabled: enabled === "yes" }),
  };
  const save = () => office.api.admin.changeNumbers(numbers, changes);
  const { busy, fault, submit } = useSaving(save, onDone, onClose);
  const nothing = Object.keys(changes).length === 0;
  return (
    <Dialog title={adm.editSelected(numbers.length)} onClose={onClose}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <p class="soft">{adm.replaceWith}</p>
        <Field label={adm.label} maxLength={80} value={label} onInput={setLabel} />
        <Field label={adm.extensions} hint={adm.extensionsHint} value={extensions} onInput={setExtensions} />
        <Field label={adm.emails} hint={adm.emailsHint} value={emails} onInput={setEmails} />
        <div class="field">
          <label for="bulk-enabled">{adm.enabled}</label>
          <select id="bulk-enabled" value={enabled} onInput={(event) => setEnabled(event.currentTarget.value)}>
            <option value="">{adm.leave}</option>
            <option value="yes">{adm.enabled}</option>
            <option value="no">{adm.disabled}</option>
          </select>
        </div>
        <Saving busy={busy || nothing} fault={fault} onClose={onClose} />
      </form>
    </Dialog>
  );
}

function Saving({ busy, fault, onClose }: { busy: boolean; fault: string; onClose: () => void }) {
  return (
    <>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div class="dialog-actions">
        <button type="button" class="button quiet" onClick={onClose}>
          {texts.cancel}
        </button>
        <button type="submit" class="button" disabled={busy}>
          {texts.save}
        </button>
      </div>
    </>
  );
}
