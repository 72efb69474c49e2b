/** What is mine to set: notifications on this device, two-step sign-in, signing out. */
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { CognitoError } from "../auth/cognito";
import { readable } from "../data/phone";
import { Push, support } from "../data/push";
import { texts } from "../texts";
import { Ask } from "../ui/dialog";
import { Field } from "../ui/parts";
import { attempt, say } from "../ui/toast";
import { inWords } from "../ui/words";

export function SettingsView() {
  const { office } = useApp();
  const me = office.me.value;
  return (
    <div class="page settings">
      <header class="page-head">
        <h2>{texts.settings}</h2>
      </header>
      <section class="card">
        <h3>{texts.account}</h3>
        <dl class="facts">
          <div>
            <dt>{texts.email}</dt>
            <dd>{me?.email}</dd>
          </div>
          <div>
            <dt>{texts.yourExtension}</dt>
            <dd>{me?.extension}</dd>
          </div>
          <div>
            <dt>{texts.yourNumbers}</dt>
            <dd>
              {office.numbers.value.map((one) => (
                <span key={one.number} class="line">
                  {readable(one.number)} {one.label && <span class="soft">{one.label}</span>}
                </span>
              ))}
            </dd>
          </div>
        </dl>
      </section>
      <Notifications />
      <TwoStep />
      <Leaving />
    </div>
  );
}

function Notifications() {
  const { office, config } = useApp();
  const able = support(config.vapid_public_key);
  const [on, setOn] = useState(false);
  const [showText, setShowText] = useState(false);
  const [busy, setBusy] = useState(false);
  const push = new Push(office.api, office.store, config.vapid_public_key ?? "");
  useEffect(() => {
    if (able !== "ready") return;
    void push.state().then((state) => {
      setOn(state.on);
      setShowText(state.showText);
    });
  }, []);
  const change = async (wanted: boolean, text: boolean) => {
    setBusy(true);
    const work = wanted ? push.turnOn(text).then(setOn) : push.turnOff().then(() => setOn(false));
    const denied = work.then(
      () => wanted && Notification.permission === "denied" && say(texts.notificationsDenied, { bad: true }),
    );
    if (await attempt(denied)) setShowText(text);
    setBusy(false);
  };
  const unable = {
    denied: texts.notificationsDenied,
    unsupported: texts.notificationsUnsupported,
    unset: texts.notificationsUnset,
    ready: "",
  }[able];
  return (
    <section class="card">
      <h3>{texts.notifications}</h3>
      <p class="soft">{unable || (on ? texts.notificationsOn : texts.notificationsLead)}</p>
      {able === "ready" && (
        <>
          <label class="check">
            <input
              type="checkbox"
              checked={showText}
              disabled={busy}
              onChange={(event) =>
                on ? void change(true, event.currentTarget.checked) : setShowText(event.currentTarget.checked)
              }
            />
            <span>{texts.showText}</span>
          </label>
          <div class="actions">
            <button
              type="button"
              class={`button ${on ? "quiet" : ""}`}
              disabled={busy}
              onClick={() => void change(!on, showText)}
            >
              {on ? texts.turnOff : texts.turnOn}
            </button>
          </div>
        </>
      )}
    </section>
  );
}

function TwoStep() {
  const { session, office } = useApp();
  const [secret, setSecret] = useState("");
  const [code, setCode] = useState("");
  const [fault, setFault] = useState("");
  const trying = async (work: () => Promise<void>) => {
    setFault("");
    try {
      await work();
    } catch (error) {
      setFault(error instanceof CognitoError ? (texts.signInErrors[error.code] ?? error.message) : inWords(error));
    }
  };
  const begin = () => trying(async () => setSecret(await session.cognito.secret(await session.accessToken())));
  const finish = (event: Event) => {
    event.preventDefault();
    void trying(async () => {
      await session.cognito.useAuthenticator(await session.accessToken(), code.trim());
      setSecret("");
      setCode("");
      say(texts.twoStepDone);
    });
  };
  const end = () =>
    trying(async () => {
      await session.cognito.prefer(await session.accessToken(), false);
      say(texts.twoStepEnded);
    });
  const email = office.me.value?.email ?? "";
  const link = `otpauth://totp/${encodeURIComponent(`${texts.app}:${email}`)}?secret=${secret}&issuer=${texts.app}`;
  return (
    <section class="card">
      <h3>{texts.twoStep}</h3>
      <p class="soft">{secret ? texts.twoStepSecret : texts.twoStepLead}</p>
      {secret && (
        <form class="stack" onSubmit={finish}>
          <p class="secret">
            <code>{secret.match(/.{1,4}/g)?.join(" ")}</code>
          </p>
          <a class="text-button" href={link}>
            {texts.twoStepOpen}
          </a>
          <Field
            label={texts.code}
            inputMode="numeric"
            autocomplete="one-time-code"
            required
            value={code}
            onInput={setCode}
          />
          <div class="actions">
            <button type="submit" class="button">
              {texts.continue}
            </button>
          </div>
        </form>
      )}
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {!secret && (
        <div class="actions">
          <button type="button" class="button quiet" onClick={() => void begin()}>
            {texts.twoStepStart}
          </button>
          <button type="button" class="button quiet" onClick={() => void end()}>
            {texts.twoStepEnd}
          </button>
        </div>
      )}
    </section>
  );
}

function Leaving() {
  const { session, office, config } = useApp();
  const [asking, setAsking] = useState<"here" | "everywhere" | null>(null);
  const waiting = office.outbox.value.length;
  const leave = async (everywhere: boolean) => {
    if (support(config.vapid_public_key) === "ready") {
      const push = new Push(office.api, office.store, config.vapid_public_key ?? "");
      office.quietly(push.turnOff());
    }
    await session.signOut(everywhere);
  };
  return (
    <section class="card">
      <h3>{texts.signOut}</h3>
      <p class="soft">{texts.signOutLead}</p>
      <div class="actions">
        <button type="button" class="button quiet" onClick={() => setAsking("here")}>
          {texts.signOut}
        </button>
        <button type="button" class="button quiet danger-text" onClick={() => setAsking("everywhere")}>
          {texts.signOutEverywhere}
        </button>
      </div>
      {asking && (
        <Ask
          title={asking === "here" ? texts.signOutAsk : texts.signOutEverywhereAsk}
          lead={
            <>
              <p>{asking === "here" ? texts.signOutLead : texts.signOutEverywhereLead}</p>
              {waiting > 0 && <p class="fault">{texts.signOutWaiting(waiting)}</p>}
            </>
          }
          action={asking === "here" ? texts.signOut : texts.signOutEverywhere}
          danger
          run={() => leave(asking === "everywhere")}
          onClose={() => setAsking(null)}
        />
      )}
    </section>
  );
}
