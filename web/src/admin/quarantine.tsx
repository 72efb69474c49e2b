/** What could not be taken in, as it came, and another try. */
import { useState } from "preact/hooks";
import type { QuarantinedPost } from "../api/types";
import { useApp } from "../app";
import { wholeTime } from "../data/days";
import { reason } from "../data/states";
import { texts } from "../texts";
import { say } from "../ui/toast";
import { inWords } from "../ui/words";
import { Around } from "./list";
import { usePages } from "./pages";

const adm = texts.adm;

export function QuarantinePage() {
  const { office } = useApp();
  const pages = usePages((cursor) => office.api.admin.quarantine(cursor));
  const [busy, setBusy] = useState("");
  const replay = async (post: QuarantinedPost) => {
    setBusy(post.id);
    try {
      const result = await office.api.admin.replay(post.id);
      const still = result.outcome === "quarantined";
      const why = result.reason ? `: ${reason(result.reason)}` : "";
      say(`${adm.replayed[result.outcome] ?? result.outcome}${why}`, { bad: still });
      if (!still) pages.change((items) => items.filter((one) => one.id !== post.id));
    } catch (error) {
      say(inWords(error), { bad: true });
    } finally {
      setBusy("");
    }
  };
  return (
    <>
      <header class="page-head">
        <div>
          <h2>{texts.quarantine}</h2>
          <p class="soft">{adm.quarantineLead}</p>
        </div>
        <button type="button" class="button quiet" onClick={pages.reload}>
          {adm.refresh}
        </button>
      </header>
      {pages.items.length > 0 && (
        <ul>
          {pages.items.map((post) => (
            <li key={post.id} class="card post">
              <div class="post-head">
                <div>
                  <h3>{sentence(reason(post.reason))}</h3>
                  <p class="soft small">
                    {adm.kinds[post.kind] ?? post.kind} · <time dateTime={post.at}>{wholeTime(post.at)}</time> ·{" "}
                    <code>{post.reason}</code>
                  </p>
                </div>
                <button type="button" class="button" disabled={busy !== ""} onClick={() => void replay(post)}>
                  {busy === post.id ? texts.loading : adm.replay}
                </button>
              </div>
              <details>
                <summary>
                  {adm.raw}{" "}
                  <span class="soft">
                    ({post.content_type || "?"}, {post.size.toLocaleString()} B)
                  </span>
                </summary>
                <pre>{post.body}</pre>
                {!post.whole && <p class="soft">{adm.cut}</p>}
              </details>
            </li>
          ))}
        </ul>
      )}
      <Around pages={pages} empty={adm.quarantineEmpty} icon="check" />
    </>
  );
}

const sentence = (text: string) => text.charAt(0).toLocaleUpperCase() + text.slice(1);
