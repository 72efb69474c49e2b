/** A new conversation: from which number, to whom. A number of any country is checked as one types. */
import { useEffect, useState } from "preact/hooks";
import type { Conversation } from "../api/types";
import { useApp } from "../app";
import { keyOf, type Place } from "../data/events";
import { type Checked, check, countryName, fetchLibrary, readable } from "../data/phone";
import { matches } from "../data/search";
import { go, hrefs } from "../router";
import { texts } from "../texts";
import { Icon } from "../ui/icons";
import { Avatar, Field } from "../ui/parts";
import { nameOf } from "../ui/words";

const SUGGESTIONS = 6;

export function NewView() {
  const { office } = useApp();
  const numbers = office.numbers.value.filter((one) => one.enabled);
  const [from, setFrom] = useState("");
  const [typed, setTyped] = useState("");
  const [checked, setChecked] = useState<Checked | null>(null);
  const own = from || numbers[0]?.number || "";
  useEffect(() => {
    let late = false;
    fetchLibrary().then(
      (library) => !late && setChecked(check(typed, own, library)),
      () => !late && setChecked(null), // offline and never fetched: the server checks
    );
    return () => {
      late = true;
    };
  }, [typed, own]);
  const plain = /^\+[1-9]\d{6,14}$/.test(typed.replace(/[\s().-]/g, "")) ? typed.replace(/[\s().-]/g, "") : null;
  const peer = checked ? checked.e164 : plain;
  const known = typed.trim() ? office.list.value.filter((one) => matches(one, typed.trim())) : office.list.value;
  const start = (event: Event) => {
    event.preventDefault();
    if (peer && own) go(hrefs.conversation({ number: own, peer }));
  };
  return (
    <section class="thread-pane new-view" aria-label={texts.newConversation}>
      <header class="thread-head">
        <a class="icon-button" href={hrefs.messages} aria-label={texts.back}>
          <Icon name="back" />
        </a>
        <h2>{texts.newConversation}</h2>
      </header>
      <form class="new-form stack" onSubmit={start}>
        <FromChoice own={own} onChoose={setFrom} />
        <Field
          label={texts.to}
          placeholder={texts.toHint}
          type="text"
          inputMode="text"
          autocomplete="off"
          autofocus
          value={typed}
          hint={<Verdict checked={checked} typed={typed} />}
          onInput={setTyped}
        />
        <button type="submit" class="button wide" disabled={!peer || !own}>
          {texts.start}
        </button>
      </form>
      <Suggestions known={distinct(known)} own={own} />
    </section>
  );
}

/** One of each peer, the newest first. */
function distinct(list: readonly Conversation[]): Conversation[] {
  return [...new Map(list.toReversed().map((one) => [one.peer, one])).values()].reverse().slice(0, SUGGESTIONS);
}

function FromChoice({ own, onChoose }: { own: string; onChoose: (number: string) => void }) {
  const { office } = useApp();
  const numbers = office.numbers.value.filter((one) => one.enabled);
  const name = (number: string, label: string) => (label ? `${label} · ${readable(number)}` : readable(number));
  return (
    <div class="field">
      <label for="from">{texts.from}</label>
      <select id="from" value={own} onInput={(event) => onChoose(event.currentTarget.value)}>
        {numbers.map((one) => (
          <option key={one.number} value={one.number}>
            {name(one.number, one.label)}
          </option>
        ))}
      </select>
    </div>
  );
}

function Verdict({ checked, typed }: { checked: Checked | null; typed: string }) {
  const named = /\p{L}/u.test(typed);
  if (!checked || named) return <span>{named ? " " : texts.checkNumber.empty}</span>;
  if (checked.verdict === "good") {
    return (
      <span class="good">
        <Icon name="check" size={16} /> {checked.readable}
        {checked.country && ` · ${countryName(checked.country)}`}
      </span>
    );
  }
  if (checked.verdict === "odd") return <span class="wait">{`${checked.readable} · ${texts.checkNumber.odd}`}</span>;
  return (
    <span class={checked.verdict === "invalid" || checked.verdict === "long" ? "fault" : ""}>
      {texts.checkNumber[checked.verdict]}
    </span>
  );
}

function Suggestions({ known, own }: { known: readonly Conversation[]; own: string }) {
  if (known.length === 0 || !own) return null;
  const place = (one: Conversation): Place => ({ number: own, peer: one.peer });
  return (
    <section class="suggestions" aria-label={texts.suggestions}>
      <h3>{texts.suggestions}</h3>
      <ul>
        {known.map((one) => (
          <li key={keyOf(one)}>
            <a class="row compact" href={hrefs.conversation(place(one))}>
              <Avatar name={one.contact_name} id={one.peer} />
              <span class="row-main">
                <bdi class="row-name">{nameOf(one)}</bdi>
                {one.contact_name && <span class="row-text">{readable(one.peer)}</span>}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
