/** What the whole app shares: where things are, who is signed in, and the office. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "./auth/session";
import type { Config } from "./config";
import type { Live } from "./data/live";
import type { Office } from "./data/office";

export type App = { config: Config; session: Session; office: Office; live: Live };

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("outside of the app");
  return app;
}
