/** The frame: sections, what the connection does, and the page that one is on. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import { keyOf } from "../data/events";
import { fetchLibrary } from "../data/phone";
import { ConversationList } from "../office/conversation-list";
import { NewView } from "../office/new-view";
import { SettingsView } from "../office/settings-view";
import { ThreadView } from "../office/thread-view";
import { hrefs, route } from "../router";
import { texts } from "../texts";
import { Icon, type IconName, Logo } from "./icons";
import { Empty, Spinner } from "./parts";
import { nameOf } from "./words";

export function Shell() {
  const { office, live } = useApp();
  const now = route.value;
  const unread = office.unread.value;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${texts.app}` : texts.app;
    // Where the app is not installed there is no badge, and nothing to mend.
    if ("setAppBadge" in navigator) navigator.setAppBadge(unread).catch(() => undefined);
  }, [unread]);
  useEffect(() => {
    const later = setTimeout(() => fetchLibrary().catch(() => undefined), 0); // offline: numbers stay unspaced
    return () => clearTimeout(later);
  }, []);
  const inside = now.page === "new" || (now.page === "messages" && now.place !== null);
  return (
    <div class={`app ${inside ? "inside" : ""}`} data-live={live.connected.value ? "yes" : "no"}>
      {/* biome-ignore lint/a11y/useValidAnchor: the fragment is the router's, so that the jump is made here */}
      <a class="skip" href="#content" onClick={skip}>
        {texts.skip}
      </a>
      <Sections page={now.page} />
      <main id="content" tabIndex={-1}>
        <h1 class="sr-only">{texts.app}</h1>
        <Connection />
        {(now.page === "messages" || now.page === "new") && <MessagesPage />}
        {now.page === "settings" && <SettingsView />}
        {now.page === "admin" && <AdminPage section={now.section} />}
      </main>
      <Arrivals />
    </div>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Sections({ page }: { page: string }) {
  const { office } = useApp();
  const unread = office.unread.value;
  const here = page === "new" ? "messages" : page;
  const link = (name: IconName, href: string, label: string, count = 0) => (
    <a href={href} aria-current={here === name ? "page" : undefined}>
      <span class="section-icon">
        <Icon name={name} />
        {count > 0 && <span class="dot" aria-hidden="true" />}
      </span>
      <span>{label}</span>
      {count > 0 && <span class="sr-only">{texts.unread(count)}</span>}
    </a>
  );
  return (
    <nav class="sections" aria-label={texts.sections}>
      <Logo size={36} />
      {link("messages", hrefs.messages, texts.messages, unread)}
      {office.me.value?.admin && link("admin", hrefs.admin(), texts.admin)}
      {link("settings", hrefs.settings, texts.settings)}
    </nav>
  );
}

/** What is wrong with the connection; a short break is not worth a word. */
function Connection() {
  const { live } = useApp();
  const broken = !live.connected.value;
  const online = live.online.value;
  const [long, setLong] = useState(false);
  useEffect(() => {
    const later = setTimeout(() => setLong(broken), broken ? 2500 : 0);
    return () => clearTimeout(later);
  }, [broken]);
  const words = !online ? texts.offline : broken && long ? texts.reconnecting : "";
  return (
    <div role="status" class="connection">
      {words && <p>{words}</p>}
    </div>
  );
}

function MessagesPage() {
  const now = route.value;
  const place = now.page === "messages" ? now.place : null;
  return (
    <div class="panes">
      <ConversationList open={place} />
      {now.page === "new" && <NewView />}
      {place && <ThreadView key={keyOf(place)} place={place} />}
      {now.page === "messages" && !place && (
        <div class="thread-pane nothing">
          <Empty icon="messages" title={texts.choose} lead={texts.chooseLead} />
        </div>
      )}
    </div>
  );
}

/** The admin's part comes only to admins, and only when they want it. */
function AdminPage({ section }: { section: string }) {
  const { office } = useApp();
  const [Part, setPart] = useState<ComponentType<{ section: string }> | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    import("../admin/admin").then(
      (found) => setPart(() => found.Admin),
      () => setFault(texts.unreachable),
    );
  }, []);
  if (office.me.value && !office.me.value.admin)
    return <Empty icon="alert" title={texts.refusals["admin_only"] ?? ""} />;
  if (fault) return <Empty icon="alert" title={fault} />;
  return Part ? <Part section={section} /> : <Spinner label={texts.loading} />;
}

/** Reads out what comes in. */
function Arrivals() {
  const { office } = useApp();
  const message = office.arrived.value;
  return (
    <p class="sr-only" aria-live="polite">
      {message && texts.arrived(nameOf(office.conversation(message)), message.text)}
    </p>
  );
}

/** Between opening and the first answer: what is kept is shown, and words where there is nothing. */
export function Failed() {
  return (
    <main class="sign-in" id="content">
      <h1 class="sr-only">{texts.app}</h1>
      <Empty icon="alert" title={texts.notStarted}>
        <button type="button" class="button" onClick={() => location.reload()}>
          {texts.reload}
        </button>
      </Empty>
    </main>
  );
}
