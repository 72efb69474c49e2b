/** The journey of one message. */
import { useEffect, useState } from "preact/hooks";
import type { MessageWithJourney } from "../api/types";
import { useApp } from "../app";
import { wholeTime } from "../data/days";
import { readable } from "../data/phone";
import { reason } from "../data/states";
import { texts } from "../texts";
import { Ask, Dialog } from "../ui/dialog";
import { Spinner } from "../ui/parts";
import { inWords } from "../ui/words";

export function MessageDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { office } = useApp();
  const [message, setMessage] = useState<MessageWithJourney | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    office.api.message(id).then(setMessage, (error: unknown) => setFault(inWords(error)));
  }, [id]);
  return (
    <Dialog title={texts.messageDetails} onClose={onClose}>
      {fault && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {!message && !fault && <Spinner label={texts.loading} />}
      {message && <Journey message={message} />}
    </Dialog>
  );
}

function source(text: string): string {
  const [kind, who] = text.split(":");
  const said = texts.sources[kind ?? ""] ?? text;
  return who ? `${texts.extension(who)}, ${said}` : said;
}

export function Journey({ message }: { message: MessageWithJourney }) {
  return (
    <>
      <blockquote class="quoted" dir="auto">
        {message.text}
      </blockquote>
      <ol class="journey">
        {message.journey.map((step, index) => (
          <li key={`${index}`} class={step.state}>
            <span class="journey-state">{(texts.states[step.state] ?? step.state).replace(/ for$/, "")}</span>
            <time dateTime={step.at}>{wholeTime(step.at)}</time>
            <span class="soft">{source(step.source)}</span>
            {step.reason && <span class="journey-reason">{reason(step.reason)}</span>}
          </li>
        ))}
      </ol>
      {message.receipts.length > 0 && (
        <>
          <h3>{texts.receipts}</h3>
          <ul class="receipts">
            {message.receipts.map((receipt, index) => (
              <li key={`${index}`}>
                <code>{receipt.status_code}</code> {receipt.text}
                <time dateTime={receipt.at}>{wholeTime(receipt.at)}</time>
              </li>
            ))}
          </ul>
        </>
      )}
      <dl class="facts">
        <Fact name={texts.from} value={readable(message.direction === "inbound" ? message.peer : message.number)} />
        <Fact name={texts.to} value={readable(message.direction === "inbound" ? message.number : message.peer)} />
        <Fact name={texts.wroteIt} value={message.author && texts.extension(message.author)} />
        <Fact name={texts.seenAs} value={message.sender_id} />
        <Fact name={texts.price} value={message.price} />
        <Fact name={texts.clicksendId} value={message.clicksend_id} />
        <Fact name={texts.messageId} value={message.id} />
      </dl>
    </>
  );
}

function Fact({ name, value }: { name: string; value: string | null }) {
  if (!value) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}

export function ResendDialog({ run, onClose }: { run: () => Promise<unknown>; onClose: () => void }) {
  return (
    <Ask title={texts.sendAgainAsk} lead={texts.sendAgainLead} action={texts.sendAnyway} run={run} onClose={onClose} />
  );
}
