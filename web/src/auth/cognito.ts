/** Cognito's public calls, those that need no AWS credentials. */
import { Unreachable } from "../api/client";
import type { Config } from "../config";
import { type Challenge, Proof } from "./srp";

export type TokenSet = { id: string; access: string; refresh: string | null };

/** What signing in asks for next, or the tokens. */
export type Step =
  | { kind: "tokens"; tokens: TokenSet }
  | { kind: "new_password"; session: string; user: string }
  | { kind: "code"; session: string; user: string };

/** Cognito said no; `code` is its exception's name. */
export class CognitoError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message || code);
  }
}

type Answer = {
  AuthenticationResult?: { IdToken: string; AccessToken: string; RefreshToken?: string };
  ChallengeName?: string;
  ChallengeParameters?: Record<string, string>;
  Session?: string;
  SecretCode?: string;
  Status?: string;
};

const PATIENCE = 20_000;

export class Cognito {
  constructor(private readonly pool: Config["account_pool"]) {}

  async signIn(user: string, password: string): Promise<Step> {
    const pool = this.pool.user_pool_id;
    if (!pool) {
      return this.step(await this.initiate("USER_PASSWORD_AUTH", { USERNAME: user, PASSWORD: password }), user);
    }
    const proof = Proof.start();
    const asked = await this.initiate("USER_SRP_AUTH", { USERNAME: user, SRP_A: proof.a });
    const challenge = asked.ChallengeParameters as unknown as Challenge;
    const responses = await proof.answer(pool, password, challenge);
    return this.respond("PASSWORD_VERIFIER", asked.Session, responses, responses["USERNAME"] ?? user);
  }

  newPassword = (step: { session: string; user: string }, password: string) =>
    this.respond("NEW_PASSWORD_REQUIRED", step.session, { USERNAME: step.user, NEW_PASSWORD: password }, step.user);

  code = (step: { session: string; user: string }, code: string) =>
    this.respond("SOFTWARE_TOKEN_MFA", step.session, { USERNAME: step.user, SOFTWARE_TOKEN_MFA_CODE: code }, step.user);

  async refresh(token: string): Promise<TokenSet> {
    const step = this.step(await this.initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: token }), "");
    if (step.kind !== "tokens") throw new CognitoError("NotAuthorizedException", "asked again");
    return { ...step.tokens, refresh: step.tokens.refresh ?? token };
  }

  forgot = (user: string) => this.call("ForgotPassword", { ClientId: this.pool.client_id, Username: user });
  confirmForgot = (user: string, code: string, password: string) =>
    this.call("ConfirmForgotPassword", {
      ClientId: this.pool.client_id,
      Username: user,
      ConfirmationCode: code,
      Password: password,
    });
  revoke = (token: string) => this.call("RevokeToken", { ClientId: this.pool.client_id, Token: token });
  signOutEverywhere = (access: string) => this.call("GlobalSignOut", { AccessToken: access });

  /** The secret for an authenticator app. */
  async secret(access: string): Promise<string> {
    return (await this.call("AssociateSoftwareToken", { AccessToken: access })).SecretCode ?? "";
  }

  async useAuthenticator(access: string, code: string): Promise<void> {
    await this.call("VerifySoftwareToken", { AccessToken: access, UserCode: code });
    await this.prefer(access, true);
  }

  prefer = (access: string, enabled: boolean) =>
    this.call("SetUserMFAPreference", {
      AccessToken: access,
      SoftwareTokenMfaSettings: { Enabled: enabled, PreferredMfa: enabled },
    });

  private initiate(flow: string, parameters: Record<string, string>): Promise<Answer> {
    return this.call("InitiateAuth", { AuthFlow: flow, ClientId: this.pool.client_id, AuthParameters: parameters });
  }

  private async respond(
    challenge: string,
    session: string | undefined,
    responses: Record<string, string>,
    user: string,
  ): Promise<Step> {
    const body = { ChallengeName: challenge, ClientId: this.pool.client_id, ChallengeResponses: responses };
    return this.step(await this.call("RespondToAuthChallenge", session ? { ...body, Session: session } : body), user);
  }

  private step(answer: Answer, user: string): Step {
    const result = answer.AuthenticationResult;
    if (result) {
      const tokens = { id: result.IdToken, access: result.AccessToken, refresh: result.RefreshToken ?? null };
      return { kind: "tokens", tokens };
    }
    const session = answer.Session ?? "";
    const name = answer.ChallengeParameters?.["USER_ID_FOR_SRP"] ?? user;
    if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED") return { kind: "new_password", session, user: name };
    if (answer.ChallengeName === "SOFTWARE_TOKEN_MFA") return { kind: "code", session, user: name };
    throw new CognitoError("UnknownChallenge", answer.ChallengeName ?? "");
  }

  private async call(action: string, body: object): Promise<Answer> {
    let response: Response;
    try {
      response = await fetch(this.pool.endpoint, {
        method: "POST",
        headers: {
          "Content-Type": "application/x-amz-json-1.1",
          "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch (error) {
      throw new Unreachable("no answer", { cause: error });
    }
    const text = await response.text();
    const answer = text ? (JSON.parse(text) as Answer & { __type?: string; message?: string; Message?: string }) : {};
    if (response.ok) return answer;
    if (response.status >= 500) throw new Unreachable(`Cognito: ${response.status}`);
    const code = "__type" in answer && answer.__type ? (answer.__type.split("#").at(-1) ?? "") : "Error";
    throw new CognitoError(
      code,
      ("message" in answer && answer.message) || ("Message" in answer && answer.Message) || "",
    );
  }
}
