/** Starts the app: configuration, session, office, and the first picture. */
import { useSignalEffect } from "@preact/signals";
import { render } from "preact";
import { useState } from "preact/hooks";
import { Api } from "./api/client";
import { type App, AppContext } from "./app";
import { Cognito } from "./auth/cognito";
import { Session } from "./auth/session";
import { SignIn } from "./auth/sign-in";
import { absolute, type Config, load } from "./config";
import { Store } from "./data/db";
import { Live } from "./data/live";
import { Office } from "./data/office";
import { follow } from "./router";
import "./ui/style.css";
import { Failed, Shell } from "./ui/shell";
import { Toasts } from "./ui/toast";
import { registerWorker } from "./worker";

function Root({ config, session, store }: { config: Config; session: Session; store: Store }) {
  const [app, setApp] = useState<App | null>(null);
  useSignalEffect(() => {
    if (session.phase.value !== "signed_in") return setApp(null);
    const office = new Office(new Api(absolute(config.api), session), store);
    const live = new Live(office, config.websocket_url);
    const ready = office.restore().then(() => {
      setApp({ config, session, office, live });
      live.start();
      return office.load();
    });
    office.quietly(ready);
    return () => {
      live.stop();
      office.close();
    };
  });
  return (
    <>
      {app ? (
        <AppContext.Provider value={app}>
          <Shell />
        </AppContext.Provider>
      ) : (
        session.phase.value === "signed_out" && <SignIn session={session} />
      )}
      <Toasts />
    </>
  );
}

async function start(root: HTMLElement): Promise<void> {
  try {
    const [config, store] = await Promise.all([load(), Store.open()]);
    const session = new Session(new Cognito(config.account_pool), store);
    await session.resume();
    follow();
    render(<Root config={config} session={session} store={store} />, root);
  } catch (error) {
    render(<Failed />, root);
    throw error;
  }
}

const root = document.getElementById("app");
if (root) void start(root);
registerWorker();
