/** Who is signed in. ID and access token live here, in memory; the refresh token in IndexedDB. */
import { signal } from "@preact/signals";
import { SignedOut, type Tokens, Unreachable } from "../api/client";
import type { Store } from "../data/db";
import { type Cognito, CognitoError, type TokenSet } from "./cognito";

const REFRESH_TOKEN = "refresh_token";
const EARLY = 60_000;

export type Phase = "starting" | "signed_out" | "signed_in";

export class Session implements Tokens {
  readonly phase = signal<Phase>("starting");
  /** Whether the session ended without the user's wish. */
  readonly ended = signal(false);
  private tokens: TokenSet | null = null;
  private expires = 0;
  private refreshing: Promise<string> | null = null;
  private readonly others = new BroadcastChannel("textension-session");

  constructor(
    readonly cognito: Cognito,
    private readonly store: Store,
  ) {
    this.others.onmessage = () => this.leave(true);
  }

  /** Go on with the session that this browser keeps, if any; works offline. */
  async resume(): Promise<void> {
    const kept = await this.store.setting<string>(REFRESH_TOKEN);
    this.phase.value = kept ? "signed_in" : "signed_out";
  }

  async begin(tokens: TokenSet): Promise<void> {
    this.take(tokens);
    await this.store.set(REFRESH_TOKEN, tokens.refresh);
    this.ended.value = false;
    this.phase.value = "signed_in";
  }

  async idToken(stale?: string): Promise<string> {
    const current = this.tokens?.id;
    if (current && current !== stale && Date.now() < this.expires - EARLY) return current;
    this.refreshing ??= this.refresh().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  async accessToken(): Promise<string> {
    await this.idToken();
    return this.tokens?.access ?? "";
  }

  private async refresh(): Promise<string> {
    const token = await this.store.setting<string>(REFRESH_TOKEN);
    if (!token) throw new SignedOut("no session");
    try {
      const tokens = await this.cognito.refresh(token);
      this.take(tokens);
      if (tokens.refresh !== token) await this.store.set(REFRESH_TOKEN, tokens.refresh);
      return tokens.id;
    } catch (error) {
      if (!(error instanceof CognitoError) || error.code === "TooManyRequestsException") {
        throw error instanceof Unreachable ? error : new Unreachable("no token", { cause: error });
      }
      await this.store.set(REFRESH_TOKEN, null);
      this.leave(true);
      throw new SignedOut("the session is over", { cause: error });
    }
  }

  /** This browser forgets everything; with `everywhere`, all devices have to sign in again. */
  async signOut(everywhere: boolean): Promise<void> {
    const token = await this.store.setting<string>(REFRESH_TOKEN);
    if (everywhere) await this.cognito.signOutEverywhere(await this.accessToken());
    else if (token) await this.cognito.revoke(token).catch(onlyUnreachable);
    await this.store.clear();
    this.leave(false);
    this.others.postMessage("signed out");
  }

  private take(tokens: TokenSet): void {
    this.tokens = tokens;
    this.expires = expiry(tokens.id);
  }

  private leave(ended: boolean): void {
    this.tokens = null;
    this.expires = 0;
    this.ended.value = ended && this.phase.value === "signed_in";
    this.phase.value = "signed_out";
  }
}

/** Signing out works offline, too: the token is forgotten here and ends by itself. */
function onlyUnreachable(error: unknown): void {
  if (!(error instanceof Unreachable || error instanceof CognitoError)) throw error;
}

/** When a token ends, in ms; what cannot be read has ended. */
export function expiry(token: string): number {
  try {
    const part = token.split(".")[1] ?? "";
    const claims = JSON.parse(atob(part.replaceAll("-", "+").replaceAll("_", "/"))) as { exp?: number };
    return (claims.exp ?? 0) * 1000;
  } catch {
    return 0;
  }
}
