/** Every message of the account, and what became of it. */
import { useState } from "preact/hooks";
import type { Message } from "../api/types";
import { useApp } from "../app";
import { listTime, wholeTime } from "../data/days";
import { readable } from "../data/phone";
import { mayResend, words } from "../data/states";
import { MessageDialog, ResendDialog } from "../office/message-dialog";
import { texts } from "../texts";
import { attempt, say } from "../ui/toast";
import { Around } from "./list";
import { usePages } from "./pages";

const adm = texts.adm;
const WEEK = 6 * 86_400_000;

const day = (time: number) => new Date(time).toISOString().slice(0, 10);

type Filter = Record<"number" | "first_day" | "last_day" | "extension" | "peer" | "state" | "direction", string>;

export function LogPage() {
  const { office } = useApp();
  const [filter, setFilter] = useState<Filter>(() => ({
    number: "",
    first_day: day(Date.now() - WEEK),
    last_day: day(Date.now()),
    extension: "",
    peer: "",
    state: "",
    direction: "",
  }));
  const [shown, setShown] = useState<string | null>(null);
  const [asking, setAsking] = useState<Message | null>(null);
  const pages = usePages(
    (cursor) => office.api.admin.messages({ ...filter, cursor, limit: 50 }),
    JSON.stringify(filter),
  );
  const resend = async (message: Message) => {
    const fresh = await office.api.resend(message.id);
    pages.change((items) => [
      fresh,
      ...items.map((one) => (one.id === message.id ? { ...one, resent_as: fresh.id } : one)),
    ]);
    say(adm.resent);
  };
  return (
    <>
      <header class="page-head">
        <h2>{texts.log}</h2>
        <button type="button" class="button quiet" onClick={pages.reload}>
          {adm.refresh}
        </button>
      </header>
      <Filters filter={filter} onChange={setFilter} />
      {pages.items.length > 0 && (
        <table class="table">
          <caption class="sr-only">{texts.log}</caption>
          <thead>
            <tr>
              {[adm.time, texts.from, texts.to, adm.text, adm.state].map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
              <th scope="col" class="narrow">
                <span class="sr-only">{texts.details}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {pages.items.map((message) => (
              <LogRow
                key={message.id}
                message={message}
                onShow={() => setShown(message.id)}
                onResend={() => (message.state === "unresolved" ? setAsking(message) : void attempt(resend(message)))}
              />
            ))}
          </tbody>
        </table>
      )}
      <Around pages={pages} empty={adm.noMessages} icon="search" />
      {shown && <MessageDialog id={shown} onClose={() => setShown(null)} />}
      {asking && <ResendDialog run={() => resend(asking)} onClose={() => setAsking(null)} />}
    </>
  );
}

function LogRow({ message, onShow, onResend }: { message: Message; onShow: () => void; onResend: () => void }) {
  const inbound = message.direction === "inbound";
  const said = words(message);
  const tone = { bad: "wrong", wait: "warn", good: "ok", quiet: "" }[said.tone];
  return (
    <tr>
      <td data-label={adm.time}>
        <time dateTime={message.sent_at} title={wholeTime(message.sent_at)}>
          {listTime(message.sent_at)}
        </time>
      </td>
      <td data-label={texts.from}>
        <bdi>{readable(inbound ? message.peer : message.number)}</bdi>
        {message.author && <span class="soft small">{texts.extension(message.author)}</span>}
      </td>
      <td data-label={texts.to}>
        <bdi>{readable(inbound ? message.number : message.peer)}</bdi>
      </td>
      <td data-label={adm.text} class="long">
        <bdi>{message.text}</bdi>
      </td>
      <td data-label={adm.state}>
        <span class={`state ${tone}`}>{said.words}</span>
      </td>
      <td class="narrow">
        <button type="button" class="text-button" aria-label={`${adm.show}: ${message.id}`} onClick={onShow}>
          {adm.show}
        </button>
        {mayResend(message) && (
          <button type="button" class="text-button" onClick={onResend}>
            {texts.sendAgain}
          </button>
        )}
      </td>
    </tr>
  );
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const set = (name: keyof Filter) => (event: Event) =>
    onChange({ ...filter, [name]: (event.currentTarget as HTMLInputElement | HTMLSelectElement).value.trim() });
  const input = (name: keyof Filter, label: string, type: string) => (
    <div class="field">
      <label for={`filter-${name}`}>{label}</label>
      <input id={`filter-${name}`} type={type} value={filter[name]} autocomplete="off" onChange={set(name)} />
    </div>
  );
  const select = (name: keyof Filter, label: string, options: readonly (readonly [string, string])[]) => (
    <div class="field">
      <label for={`filter-${name}`}>{label}</label>
      <select id={`filter-${name}`} value={filter[name]} onChange={set(name)}>
        <option value="">{adm.any}</option>
        {options.map(([value, shown]) => (
          <option key={value} value={value}>
            {shown}
          </option>
        ))}
      </select>
    </div>
  );
  const states = Object.entries(texts.states).map(([value, shown]) => [value, shown.replace(/ for$/, "")] as const);
  return (
    <search class="filters card" aria-label={adm.filter}>
      <details open={window.matchMedia("(min-width: 900px)").matches}>
        <summary>{adm.filter}</summary>
        <div class="filter-fields">
          {input("first_day", adm.firstDay, "date")}
          {input("last_day", adm.lastDay, "date")}
          {input("number", texts.number, "tel")}
          {input("peer", adm.peer, "text")}
          {input("extension", texts.extension("").trim(), "text")}
          {select("direction", adm.direction, [
            ["inbound", adm.inbound],
            ["outbound", adm.outbound],
          ])}
          {select("state", adm.state, states)}
        </div>
        <p class="soft small">{adm.days}</p>
      </details>
    </search>
  );
}
