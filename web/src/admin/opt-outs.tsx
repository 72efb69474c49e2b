/** Who is not to be texted, and lifting that. */
import { useState } from "preact/hooks";
import type { OptOut } from "../api/types";
import { useApp } from "../app";
import { wholeTime } from "../data/days";
import { readable } from "../data/phone";
import { texts } from "../texts";
import { Ask } from "../ui/dialog";
import { say } from "../ui/toast";
import { Around } from "./list";
import { usePages } from "./pages";

const adm = texts.adm;
const same = (one: OptOut, other: OptOut) => one.number === other.number && one.peer === other.peer;

export function OptOutsPage() {
  const { office } = useApp();
  const pages = usePages((cursor) => office.api.admin.optOuts(cursor));
  const [asking, setAsking] = useState<OptOut | null>(null);
  const lift = async (optOut: OptOut) => {
    await office.api.admin.liftOptOut(optOut.number, optOut.peer);
    pages.change((items) => items.filter((one) => !same(one, optOut)));
    say(adm.lifted);
  };
  return (
    <>
      <header class="page-head">
        <div>
          <h2>{texts.optOuts}</h2>
          <p class="soft">{adm.optOutsLead}</p>
        </div>
      </header>
      {pages.items.length > 0 && (
        <table class="table">
          <caption class="sr-only">{texts.optOuts}</caption>
          <thead>
            <tr>
              {[adm.peer, texts.number, adm.time].map((label) => (
                <th key={label} scope="col">
                  {label}
                </th>
              ))}
              <th scope="col" class="narrow">
                <span class="sr-only">{adm.lift}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {pages.items.map((one) => (
              <tr key={`${one.number} ${one.peer}`}>
                <th scope="row">
                  <bdi>{readable(one.peer)}</bdi>
                </th>
                <td data-label={texts.number}>{readable(one.number)}</td>
                <td data-label={adm.time}>{wholeTime(one.at)}</td>
                <td class="narrow">
                  <button
                    type="button"
                    class="text-button"
                    aria-label={`${adm.lift}: ${readable(one.peer)}`}
                    onClick={() => setAsking(one)}
                  >
                    {adm.lift}
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Around pages={pages} empty={adm.optOutsEmpty} icon="check" />
      {asking && (
        <Ask
          title={adm.liftAsk(readable(asking.peer))}
          lead={adm.liftLead}
          action={adm.lift}
          run={() => lift(asking)}
          onClose={() => setAsking(null)}
        />
      )}
    </>
  );
}
