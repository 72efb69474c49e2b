/** The administrator's part: numbers, what happened to every message, what could not be taken in. */
import { useEffect, useRef } from "preact/hooks";
import { hrefs } from "../router";
import { texts } from "../texts";
import "./admin.css";
import { HealthPage } from "./health";
import { LogPage } from "./log";
import { NumbersPage } from "./numbers";
import { OptOutsPage } from "./opt-outs";
import { QuarantinePage } from "./quarantine";

const PAGES = {
  numbers: { label: texts.numbers, Page: NumbersPage },
  messages: { label: texts.log, Page: LogPage },
  quarantine: { label: texts.quarantine, Page: QuarantinePage },
  "opt-outs": { label: texts.optOuts, Page: OptOutsPage },
  health: { label: texts.health, Page: HealthPage },
};

export function Admin({ section }: { section: string }) {
  const known = section in PAGES ? (section as keyof typeof PAGES) : "numbers";
  const { Page } = PAGES[known];
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [known]);
  return (
    <div class="page admin">
      <nav ref={tabs} class="tabs" aria-label={texts.adminSections}>
        {Object.entries(PAGES).map(([name, { label }]) => (
          <a key={name} href={hrefs.admin(name)} aria-current={name === known ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <Page />
    </div>
  );
}
