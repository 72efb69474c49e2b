/** One text, and the truth about it. */
import type { Message } from "../api/types";
import { useApp } from "../app";
import { clockTime, futureTime, wholeTime } from "../data/days";
import { mayCancel, mayResend, mayWriteAgain, words } from "../data/states";
import type { Row } from "../data/thread";
import { refusal, texts } from "../texts";
import { Icon } from "../ui/icons";
import { Linked } from "../ui/parts";
import { attempt } from "../ui/toast";

export type BubbleActions = {
  details: (message: Message) => void;
  cancel: (message: Message) => void;
  resend: (message: Message) => void;
  rewrite: (message: Message) => void;
};

const FEW_EMOJI =
  /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|[\u{1F3FB}-\u{1F3FF}])*\s*){1,3}$/u;

const shape = (row: { first: boolean; last: boolean }) => `${row.first ? "first" : ""} ${row.last ? "last" : ""}`;
const size = (text: string) => (FEW_EMOJI.test(text) ? "emoji" : "");

type Props = { row: Extract<Row, { kind: "message" }>; lastOutbound: boolean; actions: BubbleActions };

export function Bubble({ row, lastOutbound, actions }: Props) {
  const { office } = useApp();
  const { message } = row;
  const inbound = message.direction === "inbound";
  const said = words(message);
  const me = office.me.value?.extension;
  const author = !inbound && me && message.author !== me ? message.author : null;
  const speaks = !inbound && (said.loud || lastOutbound) && !message.resent_as;
  const faint = message.state === "cancelled" || message.state === "expired" ? "faint" : "";
  const label = `${inbound ? texts.received : said.words}. ${texts.messageDetails}`;
  return (
    <div class={`bubble-line ${inbound ? "in" : "out"} ${shape(row)}`}>
      {author && row.first && <p class="bubble-author">{texts.extension(author)}</p>}
      <div class={`bubble ${size(message.text)} ${faint} ${said.tone === "bad" ? "failed" : ""}`}>
        <p class="bubble-text" dir="auto">
          <Linked text={message.text} />
        </p>
        <button
          type="button"
          class="bubble-meta"
          title={wholeTime(message.sent_at)}
          onClick={() => actions.details(message)}
        >
          <time dateTime={message.sent_at}>{clockTime(message.sent_at)}</time>
          <span class="sr-only">{label}</span>
          {!inbound && said.mark !== "none" && (
            <span class={`mark ${said.mark} ${said.tone}`}>
              <Icon name={said.mark} size={16} />
            </span>
          )}
        </button>
      </div>
      {speaks && (
        <p class={`bubble-words ${said.tone}`}>
          <span>{said.words}</span>
          <Actions message={message} actions={actions} />
        </p>
      )}
      {message.resent_as && <p class="bubble-words quiet">{texts.sentAgain}</p>}
    </div>
  );
}

function Actions({ message, actions }: { message: Message; actions: BubbleActions }) {
  return (
    <>
      {mayCancel(message) && (
        <button type="button" class="text-button" onClick={() => actions.cancel(message)}>
          {texts.cancelText}
        </button>
      )}
      {mayResend(message) && (
        <button type="button" class="text-button" onClick={() => actions.resend(message)}>
          {texts.sendAgain}
        </button>
      )}
      {mayWriteAgain(message) && (
        <button type="button" class="text-button" onClick={() => actions.rewrite(message)}>
          {texts.writeAgain}
        </button>
      )}
    </>
  );
}

/** A text that the server has not taken yet. */
export function WaitingBubble({ row }: { row: Extract<Row, { kind: "waiting" }> }) {
  const { office, live } = useApp();
  const { waiting } = row;
  const refused = waiting.state === "refused";
  const offline = !live.online.value || !live.connected.value;
  return (
    <div class={`bubble-line out ${shape(row)}`}>
      <div class={`bubble ${size(waiting.text)} ${refused ? "failed" : "faint"}`}>
        <p class="bubble-text" dir="auto">
          <Linked text={waiting.text} />
        </p>
        <span class="bubble-meta">
          <time dateTime={waiting.at}>{clockTime(waiting.at)}</time>
          <Icon name={refused ? "alert" : "clock"} size={16} />
        </span>
      </div>
      {refused ? (
        <p class="bubble-words bad">
          <span>
            {texts.notAccepted}: {refusal(waiting.code ?? "", waiting.detail ?? "")}
          </span>
          <button type="button" class="text-button" onClick={() => void attempt(office.again(waiting))}>
            {texts.sendAgain}
          </button>
          <button type="button" class="text-button" onClick={() => void attempt(office.discard(waiting.key))}>
            {texts.discard}
          </button>
        </p>
      ) : (
        <p class="bubble-words quiet">
          <span>
            {offline ? texts.waitingNetwork : texts.waitingSend}
            {waiting.scheduleAt && ` · ${texts.states["scheduled"]} ${futureTime(waiting.scheduleAt)}`}
          </span>
          {!waiting.tried && (
            <button type="button" class="text-button" onClick={() => void attempt(office.discard(waiting.key))}>
              {texts.cancelText}
            </button>
          )}
        </p>
      )}
    </div>
  );
}
