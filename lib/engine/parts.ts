import { CorruptHistoryError } from '../errors.js';

/** Room in a message for what says which part it is, in bytes. */
const HEADER = 128;
/** Bodies that are still coming: so many, and so many bytes of them. */
const MOST_OPEN = 1_000;
const MOST_BYTES = 256 * 1024 * 1024;

/** A body of any size as messages that the server takes: `<id> <part> <parts>`, a line feed, and its bytes. */
export function partsOf(id: string, body: Uint8Array, maxBodyBytes: number): readonly Uint8Array[] {
  const size = maxBodyBytes - HEADER;
  const count = Math.max(1, Math.ceil(body.length / size));
  return Array.from({ length: count }, (_, at) => {
    const header = new TextEncoder().encode(`${id} ${at} ${count}\n`);
    const bytes = body.subarray(at * size, (at + 1) * size);
    const part = new Uint8Array(header.length + bytes.length);
    part.set(header);
    part.set(bytes, header.length);
    return part;
  });
}

interface Incoming {
  readonly parts: (Uint8Array | undefined)[];
  left: number;
  bytes: number;
}

/** Puts bodies together from their parts. What never becomes whole is forgotten for what comes later. */
export class Parts {
  readonly #open = new Map<string, Incoming>();
  #bytes = 0;

  /** The whole body with its last part; undefined: more is to come, or it is no part of anything. */
  take(message: Uint8Array): Uint8Array | undefined {
    const end = message.indexOf(0x0a);
    const [, id, at, count] = /^([0-9A-Za-z]{1,64}) (\d{1,5}) (\d{1,5})$/.exec(text(message.subarray(0, end))) ?? [];
    if (id === undefined) return undefined;
    const bytes = message.subarray(end + 1);
    if (count === '1') return bytes;
    const incoming = this.#incoming(id, Number(count));
    if (incoming.parts[Number(at)] !== undefined || Number(at) >= incoming.parts.length) return undefined;
    incoming.parts[Number(at)] = bytes;
    incoming.bytes += bytes.length;
    this.#bytes += bytes.length;
    if (--incoming.left > 0) return this.#forgetOldest();
    this.#forget(id, incoming);
    return joined(incoming);
  }

  #incoming(id: string, count: number): Incoming {
    const known = this.#open.get(id);
    if (known) return known;
    const incoming: Incoming = { parts: Array.from({ length: count }), left: count, bytes: 0 };
    this.#open.set(id, incoming);
    return incoming;
  }

  #forgetOldest(): undefined {
    for (const [id, incoming] of this.#open) {
      if (this.#open.size <= MOST_OPEN && this.#bytes <= MOST_BYTES) return;
      this.#forget(id, incoming);
    }
  }

  #forget(id: string, { bytes }: Incoming): void {
    this.#open.delete(id);
    this.#bytes -= bytes;
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

function joined({ parts, bytes }: Incoming): Uint8Array {
  const body = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    if (!part) throw new CorruptHistoryError('A part of a message is missing that was counted.');
    body.set(part, at);
    at += part.length;
  }
  return body;
}
