/** How a text is cut into segments: the same rules as the server's (textension/segments.py), told as one types. */

const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿" +
    "abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENSION = new Set("\f^{}\\[~]|€");
export const MOST_SEGMENTS = 8;

export type Size = {
  encoding: "GSM-7" | "UCS-2";
  /** In units of the encoding. */
  characters: number;
  segments: number;
  /** Units that still fit into the last segment. */
  left: number;
};

export function measure(text: string): Size {
  let units = 0;
  for (const character of text) {
    if (BASIC.has(character)) units += 1;
    else if (EXTENSION.has(character)) units += 2;
    else return size("UCS-2", text.length, 70, 67);
  }
  return size("GSM-7", units, 160, 153);
}

function size(encoding: Size["encoding"], characters: number, single: number, part: number): Size {
  const segments = characters <= single ? Math.min(characters, 1) : Math.ceil(characters / part);
  const room = segments <= 1 ? single : segments * part;
  return { encoding, characters, segments, left: room - characters };
}
