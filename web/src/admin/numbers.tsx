/** The account's numbers: who sees their texts, and who is told by e-mail. */
import { useMemo, useRef, useState } from "preact/hooks";
import type { AdminNumber, BulkResult } from "../api/types";
import { useApp } from "../app";
import { readable } from "../data/phone";
import { refusal, texts } from "../texts";
import { Ask } from "../ui/dialog";
import { Icon } from "../ui/icons";
import { say } from "../ui/toast";
import { read, write } from "./csv";
import { ImportDialog } from "./import-dialog";
import { Around } from "./list";
import { BulkDialog, NumberDialog } from "./number-dialog";
import { usePages } from "./pages";

const adm = texts.adm;

type Column = "number" | "label" | "extensions" | "emails" | "enabled";
type Shown =
  | { kind: "edit"; number: AdminNumber | null }
  | { kind: "bulk" }
  | { kind: "remove" }
  | { kind: "import"; read: ReturnType<typeof read> }
  | null;

const COLUMNS: readonly { name: Column; label: string }[] = [
  { name: "number", label: texts.number },
  { name: "label", label: adm.label },
  { name: "extensions", label: adm.extensions },
  { name: "emails", label: adm.emails },
  { name: "enabled", label: adm.enabled },
];

const sortKey = (one: AdminNumber, column: Column) => String(one[column]).toLocaleLowerCase();

function holds(one: AdminNumber, words: string): boolean {
  const wanted = words.trim().toLocaleLowerCase();
  const all = [one.number, readable(one.number), one.label, ...one.extensions, ...one.emails];
  return !wanted || all.some((word) => word.toLocaleLowerCase().includes(wanted));
}

export function NumbersPage() {
  const { office } = useApp();
  const pages = usePages((cursor) => office.api.admin.numbers(cursor), "", true);
  const [words, setWords] = useState("");
  const [sort, setSort] = useState<{ column: Column; down: boolean }>({ column: "number", down: false });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [shown, setShown] = useState<Shown>(null);
  const list = useMemo(() => {
    const sign = sort.down ? -1 : 1;
    const order = (a: AdminNumber, b: AdminNumber) =>
      sign * sortKey(a, sort.column).localeCompare(sortKey(b, sort.column), undefined, { numeric: true });
    return pages.items.filter((one) => holds(one, words)).sort(order);
  }, [pages.items, words, sort]);
  const chosen = list.filter((one) => selected.has(one.number)).map((one) => one.number);

  const done = (said: string) => {
    setSelected(new Set());
    pages.reload();
    office.quietly(office.load());
    if (said) say(said);
  };
  const told = (result: BulkResult, all: (count: number) => string) => {
    const failed = result.items.filter((one) => !one.done);
    const why = failed.map((one) => `${readable(one.number)}: ${refusal(one.code ?? "", "")}`).join(" ");
    if (failed.length) say(`${adm.notDone(failed.length)} ${why}`, { bad: true, stays: true });
    done(failed.length ? "" : all(result.items.length));
  };
  const select = (number: string, on: boolean) => {
    const next = new Set(selected);
    if (on) next.add(number);
    else next.delete(number);
    setSelected(next);
  };
  const close = () => setShown(null);
  return (
    <>
      <header class="page-head">
        <h2>{texts.numbers}</h2>
        <div class="actions">
          <ImportButton onFile={(text) => setShown({ kind: "import", read: read(text) })} />
          <button type="button" class="button quiet" disabled={!list.length} onClick={() => download(write(list))}>
            {adm.exportCsv}
          </button>
          <button type="button" class="button" onClick={() => setShown({ kind: "edit", number: null })}>
            <Icon name="plus" size={20} /> {adm.addNumber}
          </button>
        </div>
      </header>
      <div class="toolbar">
        <search class="search">
          <Icon name="search" size={20} />
          <input
            type="search"
            aria-label={texts.search}
            placeholder={texts.search}
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </search>
        {chosen.length > 0 && (
          <div class="bulk">
            <span>{adm.selected(chosen.length)}</span>
            <button type="button" class="button quiet" onClick={() => setShown({ kind: "bulk" })}>
              {adm.edit}
            </button>
            <button type="button" class="button quiet danger-text" onClick={() => setShown({ kind: "remove" })}>
              {texts.remove}
            </button>
          </div>
        )}
      </div>
      {list.length > 0 && (
        <NumbersTable
          list={list}
          sort={sort}
          selected={selected}
          onSort={(column) => setSort({ column, down: sort.column === column && !sort.down })}
          onSelect={select}
          onSelectAll={(on) => setSelected(on ? new Set(list.map((one) => one.number)) : new Set())}
          onEdit={(number) => setShown({ kind: "edit", number })}
        />
      )}
      <Around pages={pages} empty={adm.noNumbers} icon="messages" />
      {shown?.kind === "edit" && (
        <NumberDialog number={shown.number} onDone={() => done(adm.done(1))} onClose={close} />
      )}
      {shown?.kind === "bulk" && (
        <BulkDialog numbers={chosen} onDone={(result) => told(result, adm.done)} onClose={close} />
      )}
      {shown?.kind === "import" && <ImportDialog read={shown.read} onDone={done} onClose={close} />}
      {shown?.kind === "remove" && (
        <Ask
          title={adm.removeSelected(chosen.length)}
          lead={adm.removeLead}
          action={texts.remove}
          danger
          run={async () => told(await office.api.admin.removeNumbers(chosen), adm.doneRemoved)}
          onClose={close}
        />
      )}
    </>
  );
}

type TableProps = {
  list: readonly AdminNumber[];
  sort: { column: Column; down: boolean };
  selected: ReadonlySet<string>;
  onSort: (column: Column) => void;
  onSelect: (number: string, on: boolean) => void;
  onSelectAll: (on: boolean) => void;
  onEdit: (number: AdminNumber) => void;
};

function NumbersTable({ list, sort, selected, onSort, onSelect, onSelectAll, onEdit }: TableProps) {
  const every = list.every((one) => selected.has(one.number));
  return (
    <table class="table">
      <caption class="sr-only">{texts.numbers}</caption>
      <thead>
        <tr>
          <th scope="col" class="narrow">
            <input
              type="checkbox"
              aria-label={adm.selectAll}
              checked={every}
              onChange={(event) => onSelectAll(event.currentTarget.checked)}
            />
          </th>
          {COLUMNS.map(({ name, label }) => (
            <th
              key={name}
              scope="col"
              aria-sort={sort.column === name ? (sort.down ? "descending" : "ascending") : undefined}
            >
              <button type="button" class="sort" aria-label={adm.sortBy(label)} onClick={() => onSort(name)}>
                {label}
                <span aria-hidden="true">{sort.column === name ? (sort.down ? "↓" : "↑") : ""}</span>
              </button>
            </th>
          ))}
          <th scope="col" class="narrow">
            <span class="sr-only">{adm.edit}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {list.map((one) => (
          <tr key={one.number}>
            <td class="narrow">
              <input
                type="checkbox"
                aria-label={adm.select(readable(one.number))}
                checked={selected.has(one.number)}
                onChange={(event) => onSelect(one.number, event.currentTarget.checked)}
              />
            </td>
            <th scope="row">{readable(one.number)}</th>
            <td data-label={adm.label}>{one.label || "–"}</td>
            <td data-label={adm.extensions}>{one.extensions.join(", ")}</td>
            <td data-label={adm.emails}>{one.emails.join(", ") || "–"}</td>
            <td data-label={adm.enabled}>
              <span class={`state ${one.enabled ? "ok" : "warn"}`}>{one.enabled ? adm.enabled : adm.disabled}</span>
            </td>
            <td class="narrow">
              <button
                type="button"
                class="text-button"
                aria-label={`${adm.edit} ${readable(one.number)}`}
                onClick={() => onEdit(one)}
              >
                {adm.edit}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ImportButton({ onFile }: { onFile: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const chosen = async () => {
    const file = input.current?.files?.[0];
    if (!file) return;
    onFile(await file.text());
    if (input.current) input.current.value = "";
  };
  return (
    <>
      <input
        ref={input}
        type="file"
        class="sr-only"
        accept=".csv,text/csv"
        tabIndex={-1}
        aria-label={adm.importCsv}
        onChange={() => void chosen()}
      />
      <button type="button" class="button quiet" onClick={() => input.current?.click()}>
        {adm.importCsv}
      </button>
    </>
  );
}

function download(text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = "numbers.csv";
  link.click();
  URL.revokeObjectURL(url);
}
