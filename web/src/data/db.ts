/** What this browser keeps: the refresh token, what was read (to be there offline), drafts, and what waits to go out. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Conversation, Message } from "../api/types";
import { keyOf, type Place } from "./events";
import type { Shelf, Waiting } from "./outbox";

const KEPT_OF_A_THREAD = 200;
const KEPT_CONVERSATIONS = 500;

interface Schema extends DBSchema {
  settings: { key: string; value: unknown };
  conversations: { key: string; value: Conversation };
  messages: { key: string; value: Message & { thread: string }; indexes: { thread: [string, string] } };
  drafts: { key: string; value: string };
  outbox: { key: string; value: Waiting };
}

export class Store {
  private constructor(private readonly db: IDBPDatabase<Schema>) {}

  static async open(name = "textension"): Promise<Store> {
    const db = await openDB<Schema>(name, 1, {
      upgrade(fresh) {
        fresh.createObjectStore("settings");
        fresh.createObjectStore("conversations");
        fresh.createObjectStore("messages", { keyPath: "id" }).createIndex("thread", ["thread", "sent_at"]);
        fresh.createObjectStore("drafts");
        fresh.createObjectStore("outbox", { keyPath: "key" });
      },
      blocking: (_old, _new, event) => (event.target as IDBDatabase).close(),
    });
    return new Store(db);
  }

  async setting<T>(name: string): Promise<T | undefined> {
    return (await this.db.get("settings", name)) as T | undefined;
  }

  async set(name: string, value: unknown): Promise<void> {
    if (value === undefined || value === null) await this.db.delete("settings", name);
    else await this.db.put("settings", value, name);
  }

  conversations = () => this.db.getAll("conversations");

  async keepConversations(found: readonly Conversation[]): Promise<void> {
    const all = this.db.transaction("conversations", "readwrite");
    await Promise.all(found.slice(0, KEPT_CONVERSATIONS).map((one) => all.store.put(one, keyOf(one))));
    await all.done;
  }

  /** The newest kept messages of a thread, in order. */
  async thread(place: Place): Promise<Message[]> {
    const range = IDBKeyRange.bound([keyOf(place), ""], [keyOf(place), "\uffff"]);
    const found = await this.db.getAllFromIndex("messages", "thread", range);
    return found.slice(-KEPT_OF_A_THREAD);
  }

  async keepMessages(found: readonly Message[]): Promise<void> {
    const all = this.db.transaction("messages", "readwrite");
    await Promise.all(found.map((one) => all.store.put({ ...one, thread: keyOf(one) })));
    await all.done;
  }

  /** The kept messages that hold the words, the newest first. */
  async find(words: string, most = 30): Promise<Message[]> {
    const wanted = words.toLocaleLowerCase();
    const all = await this.db.getAll("messages");
    const hits = all.filter((one) => one.text.toLocaleLowerCase().includes(wanted));
    return hits.sort((a, b) => (a.sent_at < b.sent_at ? 1 : -1)).slice(0, most);
  }

  /** All drafts, by the key of their conversation. */
  async drafts(): Promise<Map<string, string>> {
    const [keys, values] = await Promise.all([this.db.getAllKeys("drafts"), this.db.getAll("drafts")]);
    return new Map(keys.map((key, index) => [key, values[index] ?? ""]));
  }

  async keepDraft(place: Place, text: string): Promise<void> {
    if (text) await this.db.put("drafts", text, keyOf(place));
    else await this.db.delete("drafts", keyOf(place));
  }

  outbox: Shelf = {
    all: () => this.db.getAll("outbox"),
    put: async (one) => void (await this.db.put("outbox", one)),
    remove: (key) => this.db.delete("outbox", key),
    claim: async (key) => {
      const { store, done } = this.db.transaction("outbox", "readwrite");
      const one = await store.get(key);
      if (one) await store.put({ ...one, tried: true });
      await done;
      return one && { ...one, tried: true };
    },
    takeBack: async (key) => {
      const { store, done } = this.db.transaction("outbox", "readwrite");
      const one = await store.get(key);
      const kept = one?.state === "waiting" && one.tried;
      if (!kept) await store.delete(key);
      await done;
      return !kept;
    },
  };

  /** Everything of the person who was signed in goes, drafts and what waits too. */
  async clear(): Promise<void> {
    const names = ["settings", "conversations", "messages", "drafts", "outbox"] as const;
    const all = this.db.transaction(names, "readwrite");
    await Promise.all(names.map((name) => all.objectStore(name).clear()));
    await all.done;
  }

  /** What was read goes; drafts, the outbox and the session stay. */
  async forgetRead(): Promise<void> {
    const all = this.db.transaction(["conversations", "messages"], "readwrite");
    await Promise.all([all.objectStore("conversations").clear(), all.objectStore("messages").clear()]);
    await all.done;
  }
}
