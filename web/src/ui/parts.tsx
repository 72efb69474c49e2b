/** Small parts that many screens use. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import { pieces } from "../data/links";
import { Icon, type IconName } from "./icons";

const HUES = 8;

function hue(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 9973;
  return sum % HUES;
}

function initials(name: string): string {
  const letters = name
    .split(/\s+/)
    .map((word) => [...word].find((character) => /\p{L}/u.test(character)) ?? "")
    .filter(Boolean);
  const [first = "", ...rest] = letters;
  return (first + (rest.at(-1) ?? "")).toLocaleUpperCase();
}

export function Avatar({ name, id }: { name: string | null; id: string }) {
  const letters = name ? initials(name) : "";
  return (
    <span class={`avatar hue-${hue(id)}`} aria-hidden="true">
      {letters || <Icon name="person" size={22} />}
    </span>
  );
}

/** A text with its web addresses as links. It is text, whatever it holds. */
export function Linked({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((piece, index) =>
        piece.href ? (
          <a key={`${index}`} href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

type FieldProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "onInput"> & {
  label: string;
  hint?: ComponentChildren;
  fault?: string;
  onInput: (value: string) => void;
};

export function Field({ label, hint, fault, onInput, ...rest }: FieldProps) {
  const id = useId();
  const about = hint || fault ? `${id}-about` : undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        aria-describedby={about}
        aria-invalid={fault ? true : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
        {...rest}
      />
      {about && (
        <p id={about} class={fault ? "fault" : "hint"}>
          {fault || hint}
        </p>
      )}
    </div>
  );
}

export function Empty({
  icon,
  title,
  lead,
  children,
}: {
  icon: IconName;
  title: string;
  lead?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={32} />
      </span>
      <p class="empty-title">{title}</p>
      {lead && <p class="empty-lead">{lead}</p>}
      {children}
    </div>
  );
}

export function Spinner({ label }: { label: string }) {
  return (
    <div class="spinner" role="status">
      <span class="spinner-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class="sr-only">{label}</span>
    </div>
  );
}
