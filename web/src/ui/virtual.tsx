/** Long lists: only what is seen is in the page. */
import type { ComponentChildren } from "preact";
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

const OVERSCAN = 600;

function useHeight(): [(element: HTMLElement | null) => void, number] {
  const [height, setHeight] = useState(600);
  const observer = useRef<ResizeObserver | null>(null);
  const attach = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect();
    if (!element) return;
    observer.current = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.current.observe(element);
    setHeight(element.clientHeight);
  }, []);
  return [attach, height];
}

type ListProps<T> = {
  items: readonly T[];
  itemHeight: number;
  label: string;
  keyOf: (item: T) => string;
  render: (item: T) => ComponentChildren;
  onEnd?: () => void;
  after?: ComponentChildren;
};

/** Rows of one height, from the top. Arrow keys go from row to row. */
export function VirtualList<T>({ items, itemHeight, label, keyOf, render, onEnd, after }: ListProps<T>) {
  const [attach, height] = useHeight();
  const [top, setTop] = useState(0);
  const first = Math.max(0, Math.floor((top - OVERSCAN) / itemHeight));
  const end = Math.min(items.length, Math.ceil((top + height + OVERSCAN) / itemHeight));
  const atEnd = end >= items.length;
  useLayoutEffect(() => {
    if (atEnd) onEnd?.();
  }, [atEnd, items.length]);
  return (
    <div class="scroller" ref={attach} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
      <ul class="virtual" aria-label={label} style={{ height: `${items.length * itemHeight}px` }} onKeyDown={walk}>
        {items.slice(first, end).map((item, index) => (
          <li
            key={keyOf(item)}
            aria-posinset={first + index + 1}
            aria-setsize={items.length}
            style={{ transform: `translateY(${(first + index) * itemHeight}px)`, height: `${itemHeight}px` }}
          >
            {render(item)}
          </li>
        ))}
      </ul>
      {after}
    </div>
  );
}

function walk(event: KeyboardEvent): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  const item = event.target instanceof HTMLElement ? event.target.closest("li") : null;
  if (!step || !item) return;
  const place = Number(item.getAttribute("aria-posinset")) + step;
  const next = item.parentElement?.querySelector<HTMLElement>(`li[aria-posinset="${place}"] a`);
  if (!next) return;
  event.preventDefault();
  next.focus();
}

type ThreadProps<T extends { key: string }> = {
  rows: readonly T[];
  label: string;
  estimate: (row: T) => number;
  render: (row: T) => ComponentChildren;
  onTop: () => void;
  onPlace: (atBottom: boolean) => void;
  before?: ComponentChildren;
  /** Changes when the reader wants to be at the bottom. */
  toBottom: number;
};

const AT_BOTTOM = 48;
const NEAR_TOP = 1500;

/**
 * Rows of any height, from the bottom. Places are counted from the bottom up, so older rows above move nothing; when
 * something below changes, the row at the lower edge stays where it is.
 */
export function VirtualThread<T extends { key: string }>(props: ThreadProps<T>) {
  const { rows, label, estimate, render, onTop, onPlace, before, toBottom } = props;
  const [attach, height] = useHeight();
  const scroller = useRef<HTMLElement | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const heights = useRef(new Map<string, number>());
  const anchor = useRef<{ key: string; above: number } | null>(null);
  const [measured, setMeasured] = useState(0);
  const [from, setFrom] = useState(0);

  const layout = useMemo(() => place(rows, heights.current, estimate), [rows, measured]);
  const [first, end] = range(layout.starts, from - OVERSCAN, from + height + OVERSCAN);
  const shown = rows.slice(first, end);
  const below = end < rows.length ? (layout.starts[end - 1] ?? 0) : 0;
  const above = layout.total - (first < rows.length ? (layout.starts[first] ?? 0) + layout.heightOf(first) : 0);

  useLayoutEffect(() => {
    let changed = false;
    for (const element of list.current?.children ?? []) {
      const key = (element as HTMLElement).dataset["key"];
      if (!key) continue;
      const seen = element.getBoundingClientRect().height;
      if (Math.abs((heights.current.get(key) ?? -1) - seen) < 0.5) continue;
      heights.current.set(key, seen);
      changed = true;
    }
    if (changed) setMeasured((count) => count + 1);
  });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const index = anchor.current ? layout.index.get(anchor.current.key) : undefined;
    const wanted = anchor.current && index !== undefined ? (layout.starts[index] ?? 0) + anchor.current.above : 0;
    if (Math.abs(-element.scrollTop - wanted) > 0.5) {
      element.scrollTop = -wanted;
      setFrom(wanted);
    }
  }, [layout]);

  useLayoutEffect(() => {
    anchor.current = null;
    if (scroller.current) scroller.current.scrollTop = 0;
    setFrom(0);
    onPlace(true);
  }, [toBottom]);

  const width = useRef(0);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === width.current) return;
      width.current = element.clientWidth;
      heights.current.clear();
      setMeasured((count) => count + 1);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (from + height > layout.total - NEAR_TOP) onTop();
  }, [from, height, layout]);

  const scrolled = () => {
    const now = Math.max(0, -(scroller.current?.scrollTop ?? 0));
    const [, edge] = range(layout.starts, now, now);
    const row = rows[edge - 1];
    anchor.current = now < AT_BOTTOM || !row ? null : { key: row.key, above: now - (layout.starts[edge - 1] ?? 0) };
    setFrom(now);
    onPlace(now < AT_BOTTOM);
  };

  const both = useCallback((element: HTMLElement | null) => {
    scroller.current = element;
    attach(element);
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="thread-scroller" ref={both} aria-label={label} tabIndex={0} onScroll={scrolled}>
      <div class="thread-canvas">
        {before}
        <ul ref={list} style={{ paddingTop: `${Math.max(0, above)}px`, paddingBottom: `${below}px` }}>
          {shown.map((row) => (
            <li key={row.key} data-key={row.key}>
              {render(row)}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

type Layout = {
  /** Of each row: how far its lower edge is from the bottom. */
  starts: Float64Array;
  total: number;
  index: ReadonlyMap<string, number>;
  heightOf: (index: number) => number;
};

export function place<T extends { key: string }>(
  rows: readonly T[],
  heights: ReadonlyMap<string, number>,
  estimate: (row: T) => number,
): Layout {
  const starts = new Float64Array(rows.length);
  const index = new Map<string, number>();
  const heightOf = (at: number) => {
    const row = rows[at];
    return row ? (heights.get(row.key) ?? estimate(row)) : 0;
  };
  let total = 0;
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    starts[at] = total;
    total += heightOf(at);
    const row = rows[at];
    if (row) index.set(row.key, at);
  }
  return { starts, total, index, heightOf };
}

/** The rows between two distances from the bottom: from the first of these indexes up to, not including, the second. */
export function range(starts: Float64Array, low: number, high: number): [number, number] {
  // `starts` falls: row 0 is the farthest from the bottom.
  const first = firstWhere(starts, (start) => start <= high);
  const last = firstWhere(starts, (start) => start <= low);
  return [Math.min(first, last), Math.min(starts.length, last + 1)];
}

function firstWhere(starts: Float64Array, holds: (start: number) => boolean): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(starts[middle] ?? 0)) high = middle;
    else low = middle + 1;
  }
  return low;
}
