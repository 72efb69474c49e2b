/** The REST API, by name. It knows addresses and errors, and nothing of what is done with the answers. */
import type {
  AdminNumber,
  BulkResult,
  Changes,
  Contact,
  Conversation,
  Conversations,
  Health,
  Me,
  Message,
  Messages,
  MessageWithJourney,
  NewMessage,
  NumberPut,
  OptOut,
  OwnNumber,
  Problem,
  QuarantinedPost,
  Replayed,
} from "./types";

const PATIENCE = 20_000;

/** The API said no. `code` is stable; `detail` is for people. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly retryAfter: number | null = null,
  ) {
    super(`${status} ${code}`);
  }
}

/** No answer: no network, or nobody there. */
export class Unreachable extends Error {}

/** The session is over: sign in again. */
export class SignedOut extends Error {}

export interface Tokens {
  /** The ID token; `fresh` asks for another one than `stale`. Throws SignedOut or Unreachable. */
  idToken(stale?: string): Promise<string>;
}

type Page<T> = { items: T[]; next: string | null };
type Query = Record<string, string | number | boolean | null | undefined>;

const at = (...parts: string[]) => parts.map((part) => `/${encodeURIComponent(part)}`).join("");

function query(values: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text && `?${text}`;
}

export class Api {
  constructor(
    private readonly base: string,
    private readonly tokens: Tokens,
  ) {}

  me = () => this.get<Me>("/me");
  numbers = () => this.get<{ items: OwnNumber[] }>("/numbers");
  conversations = (cursor: string | null = null) =>
    this.get<Conversations>(`/conversations${query({ cursor, limit: 100 })}`);
  conversation = (number: string, peer: string) => this.get<Conversation>(`/conversations${at(number, peer)}`);
  thread = (number: string, peer: string, cursor: string | null = null) =>
    this.get<Messages>(`/conversations${at(number, peer)}/messages${query({ cursor, limit: cursor ? 100 : 50 })}`);
  send = (number: string, peer: string, key: string, body: NewMessage) =>
    this.call<Message>("POST", `/conversations${at(number, peer)}/messages`, body, { "Idempotency-Key": key });
  read = (number: string, peer: string, upTo: string) =>
    this.call<{ unread: number }>("POST", `/conversations${at(number, peer)}/read`, { up_to: upTo });
  block = (number: string, peer: string, blocked: boolean) =>
    this.call<Conversation>(blocked ? "POST" : "DELETE", `/conversations${at(number, peer)}/block`);
  message = (id: string) => this.get<MessageWithJourney>(`/messages${at(id)}`);
  resend = (id: string) => this.call<Message>("POST", `/messages${at(id)}/resend`);
  cancel = (id: string) => this.call<Message>("POST", `/messages${at(id)}/cancel`);
  changes = (since: string | null) => this.get<Changes>(`/changes${query({ since, limit: 100 })}`);
  ticket = () => this.call<{ ticket: string }>("POST", "/realtime-tickets");
  nameContact = (peer: string, name: string) => this.call<Contact>("PUT", `/contacts${at(peer)}`, { name });
  forgetContact = (peer: string) => this.call<null>("DELETE", `/contacts${at(peer)}`);
  subscribe = (id: string, body: { endpoint: string; keys: { p256dh: string; auth: string }; show_text: boolean }) =>
    this.call<null>("PUT", `/push-subscriptions${at(id)}`, body);
  unsubscribe = (id: string) => this.call<null>("DELETE", `/push-subscriptions${at(id)}`);

  admin = {
    numbers: (cursor: string | null) => this.get<Page<AdminNumber>>(`/admin/numbers${query({ cursor, limit: 100 })}`),
    putNumber: (number: string, body: NumberPut) => this.call<AdminNumber>("PUT", `/admin/numbers${at(number)}`, body),
    changeNumbers: (numbers: string[], changes: Partial<NumberPut>) =>
      this.call<BulkResult>("PUT", "/admin/numbers", { numbers, changes }),
    removeNumbers: (numbers: string[]) =>
      this.call<BulkResult>("DELETE", `/admin/numbers?${new URLSearchParams(numbers.map((one) => ["number", one]))}`),
    messages: (filter: Query) => this.get<Page<Message>>(`/admin/messages${query(filter)}`),
    quarantine: (cursor: string | null) => this.get<Page<QuarantinedPost>>(`/admin/quarantine${query({ cursor })}`),
    replay: (id: string) => this.call<Replayed>("POST", `/admin/quarantine${at(id)}/replay`),
    optOuts: (cursor: string | null) => this.get<Page<OptOut>>(`/admin/opt-outs${query({ cursor })}`),
    liftOptOut: (number: string, peer: string) => this.call<null>("DELETE", `/admin/opt-outs${at(number, peer)}`),
    health: () => this.get<Health>("/admin/health"),
  };

  private get<T>(path: string): Promise<T> {
    return this.call<T>("GET", path);
  }

  private async call<T>(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    const token = await this.tokens.idToken();
    let response = await this.fetch(method, path, token, body, headers);
    if (response.status === 401) {
      response = await this.fetch(method, path, await this.tokens.idToken(token), body, headers);
    }
    if (response.ok) return (response.status === 204 ? null : await response.json()) as T;
    throw await refusal(response);
  }

  private async fetch(
    method: string,
    path: string,
    token: string,
    body: object | undefined,
    headers: Record<string, string>,
  ): Promise<Response> {
    const request: RequestInit = {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body && { "Content-Type": "application/json" }),
        ...headers,
      },
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE),
    };
    if (body) request.body = JSON.stringify(body);
    try {
      return await fetch(this.base + path, request);
    } catch (error) {
      throw new Unreachable("no answer", { cause: error });
    }
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After")) || null;
  try {
    const problem = (await response.json()) as Partial<Problem>;
    return new ApiError(response.status, problem.code ?? "error", problem.detail ?? "", retryAfter);
  } catch {
    return new ApiError(response.status, "error", "", retryAfter); // an answer of something in between
  }
}
