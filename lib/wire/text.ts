/** Facts about strings that decide whether they may be stored. Linear in any input. */

const encoder = new TextEncoder();
/** What texts are encoded into to be measured; nobody reads it. */
const scratch = new Uint8Array(8 * 1024);

/** Bytes of the UTF-8 form. A lone surrogate counts as the three bytes of U+FFFD that an encoder makes of it. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length;) {
    const { read, written } = encoder.encodeInto(at === 0 ? text : text.slice(at), scratch);
    at += read;
    bytes += written;
  }
  return bytes;
}

/** Whether every surrogate has its partner: other strings change on their way through UTF-8, so two can become one. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** The offset of the first control character (U+0000-1F, 7F, U+2028, U+2029), or -1. */
export function controlCharacterAt(text: string): number {
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 || unit === 0x7f || unit === 0x2028 || unit === 0x2029) return at;
  }
  return -1;
}

/** What a value of the wrong type is called in an error's text. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
