/** Signing in: e-mail and password, and whatever Cognito asks for next. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Unreachable } from "../api/client";
import { texts } from "../texts";
import { Logo } from "../ui/icons";
import { Field } from "../ui/parts";
import { CognitoError, type Step } from "./cognito";
import type { Session } from "./session";

type Screen = Exclude<Step, { kind: "tokens" }> | { kind: "password" } | { kind: "forgot" } | { kind: "reset" };

export function SignIn({ session }: { session: Session }) {
  const [screen, setScreen] = useState<Screen>({ kind: "password" });
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const [notice, setNotice] = useState(session.ended.value ? texts.ended : "");

  const show = (next: Screen, words = "") => {
    setScreen(next);
    setPassword("");
    setCode("");
    setFault("");
    setNotice(words);
  };
  const go = async (step: Step) => {
    if (step.kind === "tokens") await session.begin(step.tokens);
    else show(step);
  };
  const actions: Record<Screen["kind"], () => Promise<void>> = {
    password: async () => go(await session.cognito.signIn(email.trim(), password)),
    new_password: async () => screen.kind === "new_password" && go(await session.cognito.newPassword(screen, password)),
    code: async () => screen.kind === "code" && go(await session.cognito.code(screen, code.trim())),
    forgot: async () => {
      await session.cognito.forgot(email.trim());
      show({ kind: "reset" });
    },
    reset: async () => {
      await session.cognito.confirmForgot(email.trim(), code.trim(), password);
      show({ kind: "password" }, texts.resetDone);
    },
  } as Record<Screen["kind"], () => Promise<void>>;

  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setFault("");
    try {
      await actions[screen.kind]();
    } catch (error) {
      setFault(words(error));
    } finally {
      setBusy(false);
    }
  };

  const emailField = (
    <Field
      label={texts.email}
      type="email"
      name="username"
      autocomplete="username"
      required
      value={email}
      onInput={setEmail}
    />
  );
  const codeField = (
    <Field
      label={texts.code}
      name="code"
      inputMode="numeric"
      autocomplete="one-time-code"
      required
      value={code}
      onInput={setCode}
    />
  );
  const passwordField = (fresh: boolean) => (
    <Field
      label={fresh ? texts.newPassword : texts.password}
      hint={fresh ? texts.passwordHint : undefined}
      type="password"
      name="password"
      autocomplete={fresh ? "new-password" : "current-password"}
      minLength={fresh ? 12 : undefined}
      required
      value={password}
      onInput={setPassword}
    />
  );
  const screens: Record<Screen["kind"], { lead: string; fields: ComponentChildren; action: string }> = {
    password: {
      lead: texts.signInLead,
      fields: [emailField, passwordField(false)],
      action: texts.signIn,
    },
    new_password: { lead: texts.newPasswordLead, fields: passwordField(true), action: texts.continue },
    code: { lead: texts.codeLead, fields: codeField, action: texts.continue },
    forgot: { lead: texts.forgotLead, fields: emailField, action: texts.sendCode },
    reset: { lead: texts.resetLead, fields: [codeField, passwordField(true)], action: texts.save },
  };
  const { lead, fields, action } = screens[screen.kind];
  return (
    <main class="sign-in" id="content">
      <form class="sign-in-card" onSubmit={(event) => void submit(event)} key={screen.kind}>
        <Logo />
        <h1>{texts.app}</h1>
        <p class="lead">{lead}</p>
        {notice && (
          <p class="notice" role="status">
            {notice}
          </p>
        )}
        {fields}
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <button type="submit" class="button wide" disabled={busy}>
          {busy ? texts.loading : action}
        </button>
        {screen.kind === "password" ? (
          <button type="button" class="text-button" onClick={() => show({ kind: "forgot" })}>
            {texts.forgot}
          </button>
        ) : (
          <button type="button" class="text-button" onClick={() => show({ kind: "password" })}>
            {texts.back}
          </button>
        )}
      </form>
    </main>
  );
}

function words(error: unknown): string {
  if (error instanceof CognitoError) return texts.signInErrors[error.code] ?? error.message;
  if (error instanceof Unreachable) return texts.unreachable;
  throw error;
}
