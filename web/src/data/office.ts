/** What a user sees and does: conversations, threads, texts that go out. The server has the truth; this keeps up with it. */
import { computed, signal } from "@preact/signals";
import { type Api, ApiError, SignedOut, Unreachable } from "../api/client";
import type { ApiEvent, Conversation, Me, Message, OwnNumber } from "../api/types";
import { Thread } from "./conversation";
import type { Store } from "./db";
import { byNewest, emptyConversation, keyOf, messageOf, type Place, Seen, touched } from "./events";
import { flush, pause, type Waiting } from "./outbox";

type Draft = { place: Place; text: string; scheduleAt: string | null };

export class Office {
  readonly me = signal<Me | null>(null);
  readonly numbers = signal<readonly OwnNumber[]>([]);
  readonly byKey = signal<ReadonlyMap<string, Conversation>>(new Map());
  readonly list = computed(() => [...this.byKey.value.values()].filter((one) => one.last_at).sort(byNewest));
  readonly unread = computed(() => this.list.value.reduce((sum, one) => sum + (one.blocked ? 0 : one.unread), 0));
  readonly outbox = signal<readonly Waiting[]>([]);
  readonly drafts = signal<ReadonlyMap<string, string>>(new Map());
  /** Whether the server said who I am and which numbers are mine. */
  readonly known = signal(false);
  /** Whether the first page came; until then only what was kept is shown. */
  readonly ready = signal(false);
  readonly moreConversations = signal(false);
  readonly loadingMore = signal(false);
  /** The newest text that came in, to be read out. */
  readonly arrived = signal<Message | null>(null);
  private cursor: string | null = null;
  private readonly threads = new Map<string, Thread>();
  private readonly seen = new Seen();
  private flushing = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly api: Api,
    readonly store: Store,
  ) {}

  // ---------------------------------------------------------------- what is there

  /** What this browser keeps, before anything is asked. */
  async restore(): Promise<void> {
    const [me, numbers, conversations, drafts, outbox] = await Promise.all([
      this.store.setting<Me>("me"),
      this.store.setting<OwnNumber[]>("numbers"),
      this.store.conversations(),
      this.store.drafts(),
      this.store.outbox.all(),
    ]);
    this.me.value = me ?? null;
    this.numbers.value = numbers ?? [];
    this.put(conversations);
    this.drafts.value = drafts;
    this.outbox.value = outbox;
  }

  /** Who I am, my numbers, and the first page. */
  async load(): Promise<void> {
    const [me, numbers] = await Promise.all([this.api.me(), this.api.numbers(), this.refresh()]);
    const before = this.me.value;
    if (before && (before.account !== me.account || before.extension !== me.extension)) {
      await this.store.forgetRead();
      this.byKey.value = new Map();
      await this.refresh();
    }
    this.me.value = me;
    this.numbers.value = numbers.items;
    this.known.value = true;
    await Promise.all([this.store.set("me", me), this.store.set("numbers", numbers.items)]);
  }

  /** The newest page of conversations again. */
  async refresh(): Promise<void> {
    const page = await this.api.conversations();
    if (!this.ready.value) {
      this.cursor = page.next;
      this.moreConversations.value = page.next !== null;
    }
    this.put(page.items);
    this.ready.value = true;
    await this.store.keepConversations(this.list.value);
  }

  async loadMore(): Promise<void> {
    if (!this.cursor || this.loadingMore.value) return;
    this.loadingMore.value = true;
    try {
      const page = await this.api.conversations(this.cursor);
      this.cursor = page.next;
      this.moreConversations.value = page.next !== null;
      this.put(page.items);
    } finally {
      this.loadingMore.value = false;
    }
  }

  conversation = (place: Place) => this.byKey.value.get(keyOf(place)) ?? emptyConversation(place);

  thread(place: Place): Thread {
    const key = keyOf(place);
    let thread = this.threads.get(key);
    if (!thread) {
      thread = new Thread(place, this.api, this.store);
      this.threads.set(key, thread);
    }
    return thread;
  }

  /** One conversation as the server has it. */
  async ask(place: Place): Promise<void> {
    this.put([await this.api.conversation(place.number, place.peer)]);
  }

  put(found: readonly Conversation[]): void {
    if (!found.length) return;
    const all = new Map(this.byKey.value);
    for (const one of found) all.set(keyOf(one), one);
    this.byKey.value = all;
  }

  // ---------------------------------------------------------------- what happens

  /** Takes an event in, once. */
  take(event: ApiEvent): void {
    if (!this.seen.first(event.id)) return;
    const data = event.data as { number: string; peer: string };
    const place = { number: data.number, peer: data.peer };
    if (event.type === "message.received" || event.type === "message.status_changed") this.message(place, event);
    if (event.type === "conversation.read") this.readElsewhere(place, event);
    if (event.type === "number.opted_out")
      this.put([{ ...this.conversation(place), opted_out: event.data["opted_out"] === true }]);
  }

  private message(place: Place, event: ApiEvent): void {
    const thread = this.threads.get(keyOf(place));
    const known = thread?.find(String(event.data["message_id"]));
    const message = messageOf(event, known);
    thread?.take([message]);
    if (message.resend_of) this.resentAs(thread, message);
    const first = event.type === "message.received" || message.state === "queued" || message.state === "scheduled";
    const conversation = this.byKey.value.get(keyOf(place));
    if (conversation) this.put([first ? touched(conversation, message, !known) : conversation]);
    else this.quietly(this.ask(place));
    this.quietly(this.store.keepMessages([message]));
    if (event.type === "message.received" && !known) this.arrived.value = message;
  }

  private resentAs(thread: Thread | undefined, message: Message): void {
    const old = message.resend_of ? thread?.find(message.resend_of) : undefined;
    if (old) thread?.take([{ ...old, resent_as: message.id }]);
  }

  private readElsewhere(place: Place, event: ApiEvent): void {
    const conversation = this.byKey.value.get(keyOf(place));
    const unread = event.data["unread"];
    if (conversation && typeof unread === "number") this.put([{ ...conversation, unread }]);
  }

  // ---------------------------------------------------------------- what I do

  async read(place: Place): Promise<void> {
    const conversation = this.byKey.value.get(keyOf(place));
    const newest = this.thread(place).messages.value.findLast((one) => one.direction === "inbound");
    if (!conversation?.unread || !newest) return;
    this.put([{ ...conversation, unread: 0 }]);
    const { unread } = await this.api.read(place.number, place.peer, newest.id);
    this.put([{ ...this.conversation(place), unread }]);
  }

  keepDraft(place: Place, text: string): void {
    const drafts = new Map(this.drafts.value);
    if (text) drafts.set(keyOf(place), text);
    else drafts.delete(keyOf(place));
    this.drafts.value = drafts;
    this.quietly(this.store.keepDraft(place, text));
  }

  /** Put a text on its way. It is safe once this has returned, whatever the network does. */
  async send({ place, text, scheduleAt }: Draft): Promise<void> {
    const waiting: Waiting = {
      ...place,
      key: crypto.randomUUID(),
      text,
      scheduleAt,
      extension: this.me.value?.extension ?? "",
      at: new Date().toISOString(),
      state: "waiting",
      tried: false,
      code: null,
      detail: null,
    };
    await this.store.outbox.put(waiting);
    this.outbox.value = [...this.outbox.value, waiting];
    this.keepDraft(place, "");
    this.quietly(this.flush());
  }

  /** Take a waiting text back. Too late for one that was tried: the server may have it. */
  async discard(key: string): Promise<void> {
    const done = await this.store.outbox.takeBack(key);
    this.outbox.value = await this.store.outbox.all();
    if (!done) throw new ApiError(409, "not_cancellable", "");
  }

  /** A refused text once more: as a new one, since the server has said no to the old one. */
  async again(waiting: Waiting): Promise<void> {
    await this.discard(waiting.key);
    await this.send({ place: waiting, text: waiting.text, scheduleAt: waiting.scheduleAt });
  }

  /** Send what waits. Of several windows one does it at a time; the server knows each key once anyway. */
  async flush(): Promise<void> {
    if (this.flushing || !navigator.onLine) return; // nothing leaves without a network, and may be taken back
    this.flushing = true;
    clearTimeout(this.timer);
    try {
      let left: { seconds: number | null } | null = null;
      do {
        left = await navigator.locks.request("textension-outbox", () =>
          flush(this.store.outbox, this.sendOne, this.taken),
        );
        this.outbox.value = await this.store.outbox.all();
      } while (!left && this.outbox.value.some((one) => one.state === "waiting"));
      this.failures = left ? this.failures + 1 : 0;
      if (left) this.timer = setTimeout(() => this.quietly(this.flush()), pause(this.failures, left.seconds));
    } finally {
      this.flushing = false;
    }
  }

  private sendOne = (one: Waiting) => {
    this.outbox.value = this.outbox.value.map((other) => (other.key === one.key ? one : other));
    const body = { text: one.text, ...(one.scheduleAt && { schedule_at: one.scheduleAt }) };
    return this.api.send(one.number, one.peer, one.key, body);
  };

  private taken = async (one: Waiting, message: Message) => {
    this.took(message);
    this.outbox.value = this.outbox.value.filter((other) => other.key !== one.key);
    await this.store.keepMessages([message]);
  };

  /** A message that the server just gave. */
  took(message: Message): void {
    this.thread(message).take([message]);
    this.put([touched(this.conversation(message), message, false)]);
  }

  async cancel(message: Message): Promise<void> {
    this.thread(message).take([await this.api.cancel(message.id)]);
  }

  async resend(message: Message): Promise<void> {
    const fresh = await this.api.resend(message.id);
    this.thread(message).take([{ ...message, resent_as: fresh.id }]);
    this.took(fresh);
  }

  async name(peer: string, name: string): Promise<void> {
    if (name) await this.api.nameContact(peer, name);
    else await this.api.forgetContact(peer);
    const named = [...this.byKey.value.values()].filter((one) => one.peer === peer);
    this.put(named.map((one) => ({ ...one, contact_name: name || null })));
  }

  async block(place: Place, blocked: boolean): Promise<void> {
    this.put([await this.api.block(place.number, place.peer, blocked)]);
  }

  // ---------------------------------------------------------------- what was missed

  /** Everything since the last time; where the server no longer knows, all anew. */
  async closeGap(): Promise<void> {
    const since = await this.store.setting<string>("changes");
    try {
      await this.catchUp(since ?? null);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 400)) throw error;
      await this.store.set("changes", null);
      await this.catchUp(null);
    }
  }

  private async catchUp(since: string | null): Promise<void> {
    let [position, count] = [since, 0];
    for (;;) {
      const page = await this.api.changes(position);
      for (const event of page.items) this.take(event);
      count += page.items.length;
      position = page.next;
      await this.store.set("changes", position);
      if (!page.more) break;
    }
    // Counts of unread texts are the server's: what came in between may be in its list already.
    if (since === null || count > 0) await this.refresh();
    if (since === null) await Promise.all([...this.threads.values()].map((thread) => thread.refresh()));
  }

  /** Runs something whose failure the next connection mends; a bug still comes to light. */
  quietly(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof Unreachable || error instanceof SignedOut || error instanceof ApiError)) throw error;
    });
  }

  close(): void {
    clearTimeout(this.timer);
  }
}
