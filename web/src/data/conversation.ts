/** One open thread: its messages in order, page by page from the newest. */
import { signal } from "@preact/signals";
import type { Api } from "../api/client";
import { SignedOut, Unreachable } from "../api/client";
import type { Message } from "../api/types";
import type { Store } from "./db";
import type { Place } from "./events";
import { merged } from "./thread";

export class Thread {
  readonly messages = signal<readonly Message[]>([]);
  readonly loading = signal(false);
  /** Whether there may be older ones; undefined until the server was asked. */
  readonly more = signal<boolean | undefined>(undefined);
  readonly failed = signal(false);
  private cursor: string | null = null;
  private asked = false;

  constructor(
    readonly place: Place,
    private readonly api: Api,
    private readonly store: Store,
  ) {}

  /** What is kept at once, then the newest page of the server. */
  async open(): Promise<void> {
    if (this.messages.value.length === 0) this.take(await this.store.thread(this.place));
    await this.refresh();
  }

  /** The newest page again. Where it does not reach what is shown, the older pages are asked for anew. */
  async refresh(): Promise<void> {
    await this.load(async () => {
      const page = await this.api.thread(this.place.number, this.place.peer);
      const oldest = page.items.at(-1);
      const newestKnown = this.messages.value.at(-1);
      const gap = !oldest || !newestKnown || newestKnown.sent_at < oldest.sent_at;
      if (gap) this.messages.value = [];
      if (!this.asked || gap) this.cursor = page.next;
      if (!this.asked && !gap) this.forgetBefore(page.items);
      this.asked = true;
      this.more.value = this.cursor !== null;
      this.take(page.items);
      await this.store.keepMessages(page.items);
    });
  }

  async older(): Promise<void> {
    if (!this.cursor || this.loading.value) return;
    await this.load(async () => {
      const page = await this.api.thread(this.place.number, this.place.peer, this.cursor);
      this.cursor = page.next;
      this.more.value = page.next !== null;
      this.take(page.items);
      await this.store.keepMessages(page.items);
    });
  }

  take(found: readonly Message[]): void {
    if (found.length) this.messages.value = merged(this.messages.value, found);
  }

  find = (id: string) => this.messages.value.find((one) => one.id === id);

  /** What was kept from before the first page comes again with its own page: there may be a gap between the two. */
  private forgetBefore(page: readonly Message[]): void {
    const oldest = page.at(-1);
    if (oldest) this.messages.value = this.messages.value.filter((one) => one.sent_at >= oldest.sent_at);
  }

  private async load(work: () => Promise<void>): Promise<void> {
    this.loading.value = true;
    try {
      await work();
      this.failed.value = false;
    } catch (error) {
      this.failed.value = true;
      if (!(error instanceof Unreachable || error instanceof SignedOut)) throw error;
    } finally {
      this.loading.value = false;
    }
  }
}
