/** One thread: bubbles by day, what became of each, and where one writes. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Message } from "../api/types";
import { useApp } from "../app";
import type { Thread } from "../data/conversation";
import { dayLabel } from "../data/days";
import { keyOf, type Place } from "../data/events";
import { readable } from "../data/phone";
import { type Row, rows } from "../data/thread";
import { hrefs } from "../router";
import { texts } from "../texts";
import { Icon } from "../ui/icons";
import { Avatar, Spinner } from "../ui/parts";
import { attempt } from "../ui/toast";
import { VirtualThread } from "../ui/virtual";
import { nameOf } from "../ui/words";
import { Bubble, type BubbleActions, WaitingBubble } from "./bubble";
import { Composer } from "./composer";
import { ContactDialog } from "./contact-dialog";
import { MessageDialog, ResendDialog } from "./message-dialog";

type Shown = { kind: "contact" } | { kind: "message"; id: string } | { kind: "resend"; message: Message } | null;

export function ThreadView({ place }: { place: Place }) {
  const { office, live } = useApp();
  const [shown, setShown] = useState<Shown>(null);
  const [rewrite, setRewrite] = useState<{ text: string } | null>(null);
  const thread = office.thread(place);
  const conversation = office.conversation(place);
  const name = nameOf(conversation);

  const connected = live.connected.value;
  useEffect(() => {
    office.quietly(thread.open());
    if (!office.byKey.value.has(keyOf(place))) office.quietly(office.ask(place));
  }, [thread]);
  useEffect(() => {
    if (connected && thread.failed.value) office.quietly(thread.refresh());
  }, [connected, thread]);

  const actions: BubbleActions = {
    details: (message) => setShown({ kind: "message", id: message.id }),
    cancel: (message) => void attempt(office.cancel(message)),
    resend: (message) =>
      message.state === "unresolved" ? setShown({ kind: "resend", message }) : void attempt(office.resend(message)),
    rewrite: (message) => setRewrite({ text: message.text }),
  };
  const close = () => setShown(null);
  return (
    <section class="thread-pane" aria-label={name}>
      <ThreadHead place={place} onDetails={() => setShown({ kind: "contact" })} />
      <Bubbles thread={thread} name={name} actions={actions} />
      <Composer place={place} rewrite={rewrite} />
      {shown?.kind === "contact" && <ContactDialog place={place} onClose={close} />}
      {shown?.kind === "message" && <MessageDialog id={shown.id} onClose={close} />}
      {shown?.kind === "resend" && <ResendDialog run={() => office.resend(shown.message)} onClose={close} />}
    </section>
  );
}

function ThreadHead({ place, onDetails }: { place: Place; onDetails: () => void }) {
  const { office } = useApp();
  const conversation = office.conversation(place);
  const own = office.numbers.value.find((one) => one.number === place.number);
  return (
    <header class="thread-head">
      <a class="icon-button only-narrow" href={hrefs.messages} aria-label={texts.back}>
        <Icon name="back" />
      </a>
      <button type="button" class="thread-who" onClick={onDetails} aria-haspopup="dialog">
        <Avatar name={conversation.contact_name} id={place.peer} />
        <span class="thread-names">
          <h2>
            <bdi>{nameOf(conversation)}</bdi>
          </h2>
          <span class="thread-sub">
            {conversation.contact_name && `${readable(place.peer)} · `}
            {texts.on(own?.label || readable(place.number))}
          </span>
        </span>
        <span class="sr-only">{texts.details}</span>
      </button>
      {conversation.blocked && <span class="chip">{texts.blocked}</span>}
      {conversation.opted_out && <span class="chip">{texts.optedOut}</span>}
      <button type="button" class="icon-button" aria-label={texts.details} onClick={onDetails}>
        <Icon name="info" />
      </button>
    </header>
  );
}

const ESTIMATES = { day: 52, line: 22, bubble: 32 };

function estimate(row: Row): number {
  if (row.kind === "day") return ESTIMATES.day;
  const text = row.kind === "message" ? row.message.text : row.waiting.text;
  return ESTIMATES.bubble + Math.ceil(text.length / 40) * ESTIMATES.line;
}

type BubblesProps = { thread: Thread; name: string; actions: BubbleActions };

function Bubbles({ thread, name, actions }: BubblesProps) {
  const { office } = useApp();
  const [bottom, setBottom] = useState(0);
  const [atBottom, setAtBottom] = useState(true);
  const key = keyOf(thread.place);
  const messages = thread.messages.value;
  const waiting = office.outbox.value.filter((one) => keyOf(one) === key);
  const all = useMemo(() => rows(messages, waiting), [messages, office.outbox.value]);
  const lastOutbound = useMemo(() => messages.findLast((one) => one.direction === "outbound")?.id, [messages]);

  const newest = messages.at(-1);
  const left = useRef<string | undefined>(undefined);
  if (atBottom) left.current = newest?.id;
  const missed = atBottom ? 0 : newer(messages, left.current);

  // What I have just written is to be seen.
  const mine = waiting.length;
  const before = useRef(mine);
  useEffect(() => {
    if (mine > before.current) setBottom((count) => count + 1);
    before.current = mine;
  }, [mine]);
  useReading(thread, atBottom);

  const beginning = thread.more.value === false && messages.length > 0;
  return (
    <div class="thread-middle">
      <VirtualThread
        rows={all}
        label={texts.threadWith(name)}
        estimate={estimate}
        onTop={() => office.quietly(thread.older())}
        onPlace={setAtBottom}
        toBottom={bottom}
        before={
          <div class="thread-top">
            {thread.loading.value && <Spinner label={texts.loading} />}
            {!thread.loading.value && beginning && <p>{texts.beginning}</p>}
            {!thread.loading.value && thread.failed.value && <p>{texts.notKept}</p>}
          </div>
        }
        render={(row) => {
          if (row.kind === "day") return <DayLine iso={row.iso} />;
          if (row.kind === "waiting") return <WaitingBubble row={row} />;
          return <Bubble row={row} lastOutbound={row.key === lastOutbound} actions={actions} />;
        }}
      />
      {!atBottom && (
        <button
          type="button"
          class="to-bottom"
          aria-label={texts.newest}
          onClick={() => setBottom((count) => count + 1)}
        >
          {missed > 0 && <span>{texts.newBelow(missed)}</span>}
          <Icon name="down" size={20} />
        </button>
      )}
    </div>
  );
}

function newer(messages: readonly Message[], than: string | undefined): number {
  const index = messages.findLastIndex((one) => one.id === than);
  return messages.slice(index + 1).filter((one) => one.direction === "inbound").length;
}

function DayLine({ iso }: { iso: string }) {
  return (
    <p class="day">
      <time dateTime={iso}>{dayLabel(iso)}</time>
    </p>
  );
}

/** What is on the screen of somebody who looks is read. */
function useReading(thread: Thread, atBottom: boolean): void {
  const { office } = useApp();
  const [looking, setLooking] = useState(document.visibilityState === "visible" && document.hasFocus());
  useEffect(() => {
    const look = () => setLooking(document.visibilityState === "visible" && document.hasFocus());
    const events = ["focus", "blur", "visibilitychange"] as const;
    for (const name of events) window.addEventListener(name, look, true);
    return () => {
      for (const name of events) window.removeEventListener(name, look, true);
    };
  }, []);
  const unread = office.conversation(thread.place).unread;
  const newest = thread.messages.value.at(-1)?.id;
  useEffect(() => {
    if (looking && atBottom && unread > 0) office.quietly(office.read(thread.place));
  }, [looking, atBottom, unread, newest]);
}
