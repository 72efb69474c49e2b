/** Who the other side is: a name for the number, and whether it is let through. */
import { useState } from "preact/hooks";
import { useApp } from "../app";
import type { Place } from "../data/events";
import { readable } from "../data/phone";
import { texts } from "../texts";
import { Ask, Dialog } from "../ui/dialog";
import { Avatar, Field } from "../ui/parts";
import { attempt } from "../ui/toast";
import { nameOf } from "../ui/words";

export function ContactDialog({ place, onClose }: { place: Place; onClose: () => void }) {
  const { office } = useApp();
  const conversation = office.conversation(place);
  const [name, setName] = useState(conversation.contact_name ?? "");
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const own = office.numbers.value.find((one) => one.number === place.number);

  const done = async (work: Promise<unknown>) => {
    setBusy(true);
    if (await attempt(work)) onClose();
    setBusy(false);
  };
  const save = (event: Event) => {
    event.preventDefault();
    void done(office.name(place.peer, name.trim()));
  };
  if (asking) {
    return (
      <Ask
        title={texts.blockAsk(nameOf(conversation))}
        lead={texts.blockLead}
        action={texts.block}
        danger
        run={() => office.block(place, true)}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog title={texts.contact} onClose={onClose}>
      <div class="contact-head">
        <Avatar name={conversation.contact_name} id={place.peer} />
        <div>
          <p class="contact-name">
            <bdi>{nameOf(conversation)}</bdi>
          </p>
          <p class="soft">
            <bdi>{readable(place.peer)}</bdi>
          </p>
        </div>
      </div>
      <form onSubmit={save} class="stack">
        <Field
          label={texts.name}
          hint={texts.nameHint}
          maxLength={80}
          autocomplete="off"
          value={name}
          onInput={setName}
        />
        <div class="dialog-actions">
          {conversation.contact_name && (
            <button
              type="button"
              class="button quiet"
              disabled={busy}
              onClick={() => void done(office.name(place.peer, ""))}
            >
              {texts.forget}
            </button>
          )}
          <button type="submit" class="button" disabled={busy || !name.trim()}>
            {texts.save}
          </button>
        </div>
      </form>
      <dl class="facts">
        <div>
          <dt>{texts.yourNumber}</dt>
          <dd>{own?.label ? `${own.label} · ${readable(place.number)}` : readable(place.number)}</dd>
        </div>
        {own && own.extensions.length > 1 && (
          <div>
            <dt>{texts.sharedWith}</dt>
            <dd>{own.extensions.filter((one) => one !== office.me.value?.extension).join(", ")}</dd>
          </div>
        )}
      </dl>
      {conversation.blocked ? (
        <button
          type="button"
          class="button quiet wide"
          disabled={busy}
          onClick={() => void done(office.block(place, false))}
        >
          {texts.unblock}
        </button>
      ) : (
        <button type="button" class="button quiet danger-text wide" onClick={() => setAsking(true)}>
          {texts.block}
        </button>
      )}
    </Dialog>
  );
}
