/** What is wrong now, in words, and which setting to change. */
import { useEffect, useState } from "preact/hooks";
import type { Health } from "../api/types";
import { useApp } from "../app";
import { texts } from "../texts";
import { Icon } from "../ui/icons";
import { Spinner } from "../ui/parts";
import { inWords } from "../ui/words";

const adm = texts.adm;
const WORDS = { ok: adm.healthGood, warn: adm.healthWarn, wrong: adm.healthWrong };
const ORDER = ["wrong", "warn", "ok"];

const label = (name: string) => adm.checks[name] ?? (name.startsWith("queue_") ? adm.queue(name.slice(6)) : name);

export function HealthPage() {
  const { office } = useApp();
  const [health, setHealth] = useState<Health | null>(null);
  const [fault, setFault] = useState("");
  const look = () => {
    setHealth(null);
    setFault("");
    office.api.admin.health().then(setHealth, (error: unknown) => setFault(inWords(error)));
  };
  useEffect(look, []);
  const checks = [...(health?.checks ?? [])].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return (
    <>
      <header class="page-head">
        <h2>{texts.health}</h2>
        <button type="button" class="button quiet" onClick={look}>
          {adm.refresh}
        </button>
      </header>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {!health && !fault && <Spinner label={texts.loading} />}
      {health && (
        <>
          <p class={`verdict ${health.status}`} role="status">
            <Icon name={health.status === "ok" ? "check" : "alert"} />
            {WORDS[health.status]}
          </p>
          <ul class="checks">
            {checks.map((check) => (
              <li key={check.name} class="card">
                <h3>{label(check.name)}</h3>
                <span class={`state ${check.status}`}>{adm.status[check.status]}</span>
                <p>{check.summary}</p>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
