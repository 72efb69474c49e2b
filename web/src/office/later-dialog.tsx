/** When a text is to go out. */
import { useState } from "preact/hooks";
import { futureTime } from "../data/days";
import { inAnHour, localInput, nextMonday, sendable, tomorrowMorning } from "../data/later";
import { texts } from "../texts";
import { Dialog } from "../ui/dialog";
import { Field } from "../ui/parts";

type Props = { onChoose: (iso: string) => void; onClose: () => void };

export function LaterDialog({ onChoose, onClose }: Props) {
  const now = new Date();
  const [value, setValue] = useState(localInput(inAnHour(now)));
  const [fault, setFault] = useState("");
  const choose = (time: Date) => {
    onChoose(time.toISOString());
    onClose();
  };
  const quick = [
    [texts.inAnHour, inAnHour(now)],
    [texts.tomorrowMorning, tomorrowMorning(now)],
    [texts.nextMonday, nextMonday(now)],
  ] as const;
  const submit = (event: Event) => {
    event.preventDefault();
    event.stopPropagation();
    const time = sendable(value, new Date());
    if (time) choose(time);
    else setFault(texts.timePassed);
  };
  return (
    <Dialog title={texts.sendLater} onClose={onClose}>
      <p class="dialog-text">{texts.sendLaterLead}</p>
      <div class="choices">
        {quick.map(([label, time]) => (
          <button key={label} type="button" class="choice" onClick={() => choose(time)}>
            <span>{label}</span>
            <span class="soft">{futureTime(time.toISOString(), now)}</span>
          </button>
        ))}
      </div>
      <Field
        label={texts.atTime}
        type="datetime-local"
        value={value}
        min={localInput(now)}
        fault={fault}
        onInput={setValue}
      />
      <div class="dialog-actions">
        <button type="button" class="button quiet" onClick={onClose}>
          {texts.cancel}
        </button>
        <button type="button" class="button" onClick={submit}>
          {texts.schedule}
        </button>
      </div>
    </Dialog>
  );
}
