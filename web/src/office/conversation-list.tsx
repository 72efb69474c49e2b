/** The conversations, the newest first, and the search in them. */
import { useEffect, useState } from "preact/hooks";
import type { Conversation, Message } from "../api/types";
import { useApp } from "../app";
import { listTime } from "../data/days";
import { keyOf, type Place } from "../data/events";
import { readable } from "../data/phone";
import { matches } from "../data/search";
import { hrefs } from "../router";
import { texts } from "../texts";
import { Icon } from "../ui/icons";
import { Avatar, Empty, Spinner } from "../ui/parts";
import { attempt } from "../ui/toast";
import { VirtualList } from "../ui/virtual";
import { nameOf } from "../ui/words";

const ROW = 76;
const PAGES_AT_ONCE = 5;

export function ConversationList({ open }: { open: Place | null }) {
  const { office } = useApp();
  const [wanted, setWanted] = useState("");
  const [found, setFound] = useState<readonly Message[]>([]);
  const words = wanted.trim();
  useEffect(() => {
    let late = false;
    if (words.length < 2) setFound([]);
    else void office.store.find(words).then((hits) => !late && setFound(hits));
    return () => {
      late = true;
    };
  }, [words]);
  const list = office.list.value.filter((one) => matches(one, words));
  return (
    <section class="list-pane" aria-label={texts.conversations}>
      <header class="pane-head">
        <h2>{texts.messages}</h2>
        <a class="icon-button strong" href={hrefs.new} aria-label={texts.newConversation} title={texts.newConversation}>
          <Icon name="pen" />
        </a>
      </header>
      <SearchField value={wanted} onInput={setWanted} />
      {list.length > 0 && (
        <VirtualList
          items={list}
          itemHeight={ROW}
          label={texts.conversations}
          keyOf={keyOf}
          render={(one) => <ConversationRow one={one} current={open !== null && keyOf(one) === keyOf(open)} />}
          onEnd={() => !words && void attempt(office.loadMore())}
          after={words ? <Found found={found} words={words} /> : null}
        />
      )}
      {list.length === 0 && <NothingHere words={words} found={found} />}
      {words && office.moreConversations.value && <Further />}
    </section>
  );
}

function SearchField({ value, onInput }: { value: string; onInput: (value: string) => void }) {
  return (
    <search class="search">
      <Icon name="search" size={20} />
      <input
        type="search"
        aria-label={texts.search}
        placeholder={texts.searchHint}
        autocomplete="off"
        value={value}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && onInput("")}
      />
      {value && (
        <button type="button" class="icon-button small" aria-label={texts.clearSearch} onClick={() => onInput("")}>
          <Icon name="close" size={18} />
        </button>
      )}
    </search>
  );
}

function NothingHere({ words, found }: { words: string; found: readonly Message[] }) {
  const { office } = useApp();
  if (words) {
    return found.length ? (
      <div class="scroller">
        <Found found={found} words={words} />
      </div>
    ) : (
      <Empty icon="search" title={texts.nothingFound} />
    );
  }
  if (!office.ready.value) return <Spinner label={texts.loading} />;
  if (office.known.value && office.numbers.value.length === 0) {
    return <Empty icon="messages" title={texts.noNumbers} lead={texts.noNumbersLead} />;
  }
  return (
    <Empty icon="messages" title={texts.noConversations} lead={texts.noConversationsLead}>
      <a class="button" href={hrefs.new}>
        {texts.newConversation}
      </a>
    </Empty>
  );
}

function ConversationRow({ one, current }: { one: Conversation; current: boolean }) {
  const { office } = useApp();
  const name = nameOf(one);
  const draft = current ? undefined : office.drafts.value.get(keyOf(one));
  const several = office.numbers.value.length > 1;
  const own = office.numbers.value.find((number) => number.number === one.number);
  const unread = one.blocked ? 0 : one.unread;
  return (
    <a
      class={`row ${unread ? "fresh" : ""}`}
      href={hrefs.conversation(one)}
      aria-current={current ? "page" : undefined}
    >
      <Avatar name={one.contact_name} id={one.peer} />
      <span class="row-main">
        <span class="row-top">
          <bdi class="row-name">{name}</bdi>
          {one.last_at && <time dateTime={one.last_at}>{listTime(one.last_at)}</time>}
        </span>
        <span class="row-bottom">
          <span class="row-text">
            {draft ? (
              <>
                <em>{texts.draftSaid}</em>
                <bdi>{draft}</bdi>
              </>
            ) : (
              <>
                {one.last_direction === "outbound" && texts.youSaid}
                <bdi>{one.last_text}</bdi>
              </>
            )}
          </span>
          {one.blocked && <span class="chip">{texts.blocked}</span>}
          {!one.blocked && one.opted_out && <span class="chip">{texts.optedOut}</span>}
          {several && <span class="chip own">{own?.label || readable(one.number)}</span>}
          {unread > 0 && (
            <span class="badge">
              <span aria-hidden="true">{unread > 99 ? "99+" : unread}</span>
              <span class="sr-only">{texts.unread(unread)}</span>
            </span>
          )}
        </span>
      </span>
    </a>
  );
}

function Found({ found, words }: { found: readonly Message[]; words: string }) {
  const { office } = useApp();
  if (found.length === 0) return null;
  return (
    <section class="found" aria-label={texts.foundTexts}>
      <h3>{texts.foundTexts}</h3>
      <ul>
        {found.map((message) => (
          <li key={message.id}>
            <a class="row compact" href={hrefs.conversation(message)}>
              <span class="row-main">
                <span class="row-top">
                  <bdi class="row-name">{nameOf(office.conversation(message))}</bdi>
                  <time dateTime={message.sent_at}>{listTime(message.sent_at)}</time>
                </span>
                <span class="row-text">
                  <Snippet text={message.text} words={words} />
                </span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Snippet({ text, words }: { text: string; words: string }) {
  const start = text.toLocaleLowerCase().indexOf(words.toLocaleLowerCase());
  if (start < 0) return <bdi>{text}</bdi>;
  const from = Math.max(0, start - 24);
  return (
    <bdi>
      {from > 0 && "…"}
      {text.slice(from, start)}
      <mark>{text.slice(start, start + words.length)}</mark>
      {text.slice(start + words.length, start + words.length + 80)}
    </bdi>
  );
}

function Further() {
  const { office } = useApp();
  const further = async () => {
    for (let page = 0; page < PAGES_AT_ONCE && office.moreConversations.value; page += 1) await office.loadMore();
  };
  return (
    <button
      type="button"
      class="text-button further"
      disabled={office.loadingMore.value}
      onClick={() => void attempt(further())}
    >
      {office.loadingMore.value ? texts.loading : texts.searchFurther}
    </button>
  );
}
