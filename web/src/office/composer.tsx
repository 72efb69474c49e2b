/** Where one writes. The From number is always in sight; what is written survives a reload. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Conversation, OwnNumber } from "../api/types";
import { useApp } from "../app";
import { keyOf, type Place } from "../data/events";
import { isRepliable, readable } from "../data/phone";
import { MOST_SEGMENTS, measure } from "../data/segments";
import { texts } from "../texts";
import { Icon } from "../ui/icons";
import { attempt } from "../ui/toast";
import { nameOf } from "../ui/words";
import { LaterDialog } from "./later-dialog";

const TALLEST = 160;

/** Why nothing can be written, in words; null where it can. */
function closed(conversation: Conversation, own: OwnNumber | undefined, known: boolean): string | null {
  const name = nameOf(conversation);
  if (conversation.blocked) return texts.closedBlocked(name);
  if (conversation.opted_out) return texts.closedOptedOut(name);
  if (!isRepliable(conversation.peer)) return texts.closedSender(name);
  if (own && !own.enabled) return texts.closedDisabled;
  return known && !own ? texts.closedNumber : null;
}

type Props = { place: Place; rewrite?: { text: string } | null; autofocus?: boolean };

export function Composer({ place, rewrite, autofocus }: Props) {
  const { office } = useApp();
  const conversation = office.conversation(place);
  const own = office.numbers.value.find((one) => one.number === place.number);
  const why = closed(conversation, own, office.known.value);
  if (why) {
    return (
      <div class="composer closed" role="note">
        <Icon name="info" size={20} />
        <p>{why}</p>
      </div>
    );
  }
  return (
    <Writing key={keyOf(place)} place={place} own={own} rewrite={rewrite ?? null} autofocus={autofocus ?? false} />
  );
}

type WritingProps = { place: Place; own: OwnNumber | undefined; rewrite: { text: string } | null; autofocus: boolean };

function Writing({ place, own, rewrite, autofocus }: WritingProps) {
  const { office } = useApp();
  const [text, setText] = useState(office.drafts.value.get(keyOf(place)) ?? "");
  const [later, setLater] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const size = measure(text);
  const tooLong = size.segments > MOST_SEGMENTS;
  const ready = text.trim() !== "" && !tooLong;
  const name = nameOf(office.conversation(place));

  const write = (value: string) => {
    setText(value);
    office.keepDraft(place, value);
  };
  useEffect(() => {
    if (!rewrite) return;
    write(rewrite.text);
    area.current?.focus();
  }, [rewrite]);
  useEffect(() => {
    const wide = window.matchMedia("(min-width: 900px)").matches;
    if (autofocus || wide) area.current?.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(TALLEST, element.scrollHeight)}px`;
  }, [text]);

  const send = async (scheduleAt: string | null) => {
    if (!ready) return;
    setText("");
    area.current?.focus();
    await attempt(office.send({ place, text, scheduleAt }));
  };
  const typed = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send(null);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        void send(null);
      }}
    >
      <div class="composer-line">
        <p class="composer-from">
          {texts.from}{" "}
          <strong>{own?.label ? `${own.label} · ${readable(place.number)}` : readable(place.number)}</strong>
        </p>
        <Counter text={text} />
      </div>
      <div class="composer-box">
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          aria-label={texts.writeTo(name)}
          placeholder={texts.write}
          enterkeyhint="send"
          autocomplete="off"
          value={text}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={typed}
        />
        <button
          type="button"
          class="icon-button"
          aria-label={texts.sendLater}
          title={texts.sendLater}
          disabled={!ready}
          onClick={() => setLater(true)}
        >
          <Icon name="clock" />
        </button>
        <button type="submit" class="send-button" aria-label={texts.send} disabled={!ready}>
          <Icon name="send" />
        </button>
      </div>
      {later && <LaterDialog onChoose={(at) => void send(at)} onClose={() => setLater(false)} />}
    </form>
  );
}

function Counter({ text }: { text: string }) {
  const size = measure(text);
  if (size.segments === 0) return null;
  const tooLong = size.segments > MOST_SEGMENTS;
  return (
    <p class={`counter ${tooLong ? "fault" : ""}`}>
      <span aria-hidden="true">
        {tooLong
          ? texts.tooLong(MOST_SEGMENTS)
          : `${texts.left(size.left)} · ${texts.segments(size.segments)} · ${size.encoding}`}
      </span>
      <span class="sr-only">{texts.segmentsLabel(size.encoding, size.characters, size.segments)}</span>
    </p>
  );
}
