/** Web Push on this device. */
import type { Api } from "../api/client";
import type { Store } from "./db";

const ID = "push_id";
const SHOW_TEXT = "push_show_text";

export type Support = "ready" | "denied" | "unsupported" | "unset";

export function support(key: string | null): Support {
  if (!key) return "unset";
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return "unsupported";
  return Notification.permission === "denied" ? "denied" : "ready";
}

export class Push {
  constructor(
    private readonly api: Api,
    private readonly store: Store,
    private readonly key: string,
  ) {}

  async state(): Promise<{ on: boolean; showText: boolean }> {
    const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
    const on = subscription !== null && (await this.store.setting<string>(ID)) !== undefined;
    return { on, showText: (await this.store.setting<boolean>(SHOW_TEXT)) ?? false };
  }

  /** Asks for permission where there is none yet: only after a click. Returns whether it is on. */
  async turnOn(showText: boolean): Promise<boolean> {
    if ((await Notification.requestPermission()) !== "granted") return false;
    const { pushManager } = await navigator.serviceWorker.ready;
    const applicationServerKey = bytes(this.key);
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
    const { endpoint, keys } = subscription.toJSON();
    const id = (await this.store.setting<string>(ID)) ?? crypto.randomUUID();
    await this.api.subscribe(id, {
      endpoint: endpoint ?? "",
      keys: { p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" },
      show_text: showText,
    });
    await this.store.set(ID, id);
    await this.store.set(SHOW_TEXT, showText);
    return true;
  }

  async turnOff(): Promise<void> {
    const id = await this.store.setting<string>(ID);
    if (id) await this.api.unsubscribe(id);
    await this.store.set(ID, null);
    const subscription = await (await navigator.serviceWorker.ready).pushManager.getSubscription();
    await subscription?.unsubscribe();
  }
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}
