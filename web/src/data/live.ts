/** The WebSocket: events as they happen. After each connection the gap before it is closed from `/changes`. */
import { signal } from "@preact/signals";
import type { ApiEvent } from "../api/types";
import { backoff } from "./backoff";
import type { Office } from "./office";

const PING_EVERY = 4 * 60_000;
const PONG_WITHIN = 10_000;

export class Live {
  readonly connected = signal(false);
  readonly online = signal(navigator.onLine);
  private socket: WebSocket | null = null;
  private failures = 0;
  private stopped = false;
  private connecting = false;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private ping: ReturnType<typeof setInterval> | undefined;
  private pong: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly office: Office,
    private readonly address: string,
  ) {}

  start(): void {
    window.addEventListener("online", this.back);
    window.addEventListener("offline", this.away);
    document.addEventListener("visibilitychange", this.looked);
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    window.removeEventListener("online", this.back);
    window.removeEventListener("offline", this.away);
    document.removeEventListener("visibilitychange", this.looked);
    this.drop();
    clearTimeout(this.retry);
  }

  private readonly back = () => {
    this.online.value = true;
    this.failures = 0;
    void this.connect();
  };

  private readonly away = () => {
    this.online.value = false;
    this.drop();
  };

  private readonly looked = () => {
    if (document.visibilityState !== "visible") return;
    if (this.socket) this.check();
    else void this.connect();
  };

  private async connect(): Promise<void> {
    clearTimeout(this.retry);
    if (this.stopped || this.connecting || this.socket) return;
    this.connecting = true;
    try {
      const { ticket } = await this.office.api.ticket();
      if (!this.stopped) await this.open(`${this.address}?ticket=${encodeURIComponent(ticket)}`);
      await this.office.closeGap();
      this.failures = 0;
      this.office.quietly(this.office.flush());
    } catch {
      this.drop(); // whatever it was: the next try finds out
      this.later();
    } finally {
      this.connecting = false;
    }
  }

  private open(address: string): Promise<void> {
    const socket = new WebSocket(address);
    this.socket = socket;
    return new Promise((resolve, reject) => {
      socket.onopen = () => {
        this.connected.value = true;
        this.ping = setInterval(() => this.check(), PING_EVERY);
        resolve();
      };
      socket.onmessage = (message) => this.take(String(message.data));
      socket.onclose = () => {
        reject(new Error("closed"));
        if (this.socket !== socket) return;
        this.drop();
        this.later();
      };
    });
  }

  private take(text: string): void {
    const frame = JSON.parse(text) as { type?: string };
    clearTimeout(this.pong);
    if (frame.type !== "pong" && "specversion" in frame) this.office.take(frame as ApiEvent);
  }

  /** Whether the connection still carries: a phone that slept does not notice that it broke. */
  private check(): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send('{"action":"ping"}');
    clearTimeout(this.pong);
    this.pong = setTimeout(() => {
      this.drop();
      void this.connect();
    }, PONG_WITHIN);
    this.office.quietly(this.office.closeGap());
  }

  private later(): void {
    clearTimeout(this.retry);
    if (this.stopped) return;
    this.retry = setTimeout(() => void this.connect(), backoff(this.failures, Math.random()));
    this.failures += 1;
  }

  private drop(): void {
    clearInterval(this.ping);
    clearTimeout(this.pong);
    this.connected.value = false;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }
}
