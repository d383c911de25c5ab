/** Short texts share memory in pieces of so many bytes: an array of its own costs an encoder several times what the bytes do. */
const PIECE = 32 * 1024;
/** A unit of UTF-16 takes three bytes at most. */
const MOST_BYTES = 3;
/** A longer text has an array of its own, so that what is kept of a piece keeps little else. */
const LONGEST = PIECE / 4 / MOST_BYTES;

const utf8 = new TextEncoder();
let piece = new Uint8Array(0);
let used = 0;

/** The bytes of a text in UTF-8; whoever has them only reads them. */
export function encodeText(text: string): Uint8Array {
  if (text.length > LONGEST) return utf8.encode(text);
  const room = MOST_BYTES * text.length;
  if (used + room > piece.length) {
    piece = new Uint8Array(PIECE);
    used = 0;
  }
  const { written } = utf8.encodeInto(text, piece.subarray(used));
  const bytes = piece.subarray(used, used + written);
  used += written;
  return bytes;
}
