/** A list that comes page by page. */
import { useEffect, useState } from "preact/hooks";
import { inWords } from "../ui/words";

type Page<T> = { items: T[]; next: string | null };

export type Pages<T> = {
  items: readonly T[];
  busy: boolean;
  fault: string;
  more: boolean;
  loadMore: () => void;
  reload: () => void;
  change: (work: (items: readonly T[]) => readonly T[]) => void;
};

/** `all` goes on to the last page by itself; a change of `key` begins anew. */
export function usePages<T>(load: (cursor: string | null) => Promise<Page<T>>, key = "", all = false): Pages<T> {
  const [items, setItems] = useState<readonly T[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [busy, setBusy] = useState(true);
  const [fault, setFault] = useState("");
  const [round, setRound] = useState(0);
  const fetchFrom = async (start: string | null, late: () => boolean) => {
    setBusy(true);
    setFault("");
    try {
      let position = start;
      let first = start === null;
      do {
        const page = await load(position);
        if (late()) return;
        const begin = first;
        setItems((before) => (begin ? page.items : [...before, ...page.items]));
        first = false;
        position = page.next;
      } while (all && position);
      setCursor(position);
    } catch (error) {
      if (!late()) setFault(inWords(error));
    } finally {
      if (!late()) setBusy(false);
    }
  };
  useEffect(() => {
    let over = false;
    void fetchFrom(null, () => over);
    return () => {
      over = true;
    };
  }, [key, round]);
  return {
    items,
    busy,
    fault,
    more: cursor !== null,
    loadMore: () => void (cursor && fetchFrom(cursor, () => false)),
    reload: () => setRound((count) => count + 1),
    change: (work) => setItems((before) => work(before)),
  };
}
