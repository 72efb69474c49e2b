/** Numbers out of a CSV file: nothing is done while a line cannot be read; then each for itself. */
import { useRef, useState } from "preact/hooks";
import { useApp } from "../app";
import { readable } from "../data/phone";
import { texts } from "../texts";
import { Ask, Dialog } from "../ui/dialog";
import { inWords } from "../ui/words";
import type { Read } from "./csv";

const adm = texts.adm;

type Props = { read: Read; onDone: (said: string) => void; onClose: () => void };

export function ImportDialog({ read, onDone, onClose }: Props) {
  const { office } = useApp();
  const [failed, setFailed] = useState<readonly string[]>([]);
  /** The same, for who still holds the dialog of before: it closes only where nothing is to be said. */
  const refused = useRef(0);
  const run = async () => {
    const faults: string[] = [];
    for (const { number, ...settings } of read.numbers) {
      try {
        await office.api.admin.putNumber(number, settings);
      } catch (error) {
        faults.push(`${readable(number)}: ${inWords(error)}`);
      }
    }
    onDone(adm.done(read.numbers.length - faults.length));
    refused.current = faults.length;
    setFailed(faults);
  };
  if (read.faults.length || failed.length) {
    const lines = read.faults.map((one) => `${adm.line(one.line)}: ${one.words}`);
    return (
      <Dialog title={adm.importCsv} onClose={onClose}>
        <p class="dialog-text">{failed.length ? adm.notDone(failed.length) : adm.importErrors}</p>
        <ul class="fault plain">
          {[...lines, ...failed].map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </Dialog>
    );
  }
  const close = () => refused.current === 0 && onClose();
  return (
    <Ask
      title={adm.importAsk(read.numbers.length)}
      lead={adm.importLead}
      action={adm.importCsv}
      run={run}
      onClose={close}
    />
  );
}
