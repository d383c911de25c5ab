import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import type { Socket } from 'node:net';

/** What the debugger of a process tells: an answer to a request, or an event. */
interface Told {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

const FIN_TEXT = 0x81;
const MASKED = 0x80;

/** A text as a client sends it over a WebSocket: in one frame, masked. */
function frameOf(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  const head = Buffer.from([FIN_TEXT, MASKED | 126, 0, 0]);
  head.writeUInt16BE(payload.length, 2); // also of what is shorter: servers need not care
  if (payload.length < 126) head[1] = MASKED | payload.length;
  const masked = payload.map((byte, at) => byte ^ mask[at % 4]!);
  return Buffer.concat([payload.length < 126 ? head.subarray(0, 2) : head, mask, masked]);
}

/** The first frame of what has come, and what is behind it; undefined: it is not there as a whole. */
function frameIn(bytes: Buffer): { readonly text: string; readonly rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const from = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < from) return undefined;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < from + length) return undefined;
  return { text: bytes.toString('utf8', from, from + length), rest: bytes.subarray(from + length) };
}

/** A debugger that is attached to a process of Node.js, as that of an editor is: by the inspector's protocol over a WebSocket. */
export class Inspector {
  readonly #socket: Socket;
  readonly #asked = new Map<number, (told: Told) => void>();
  readonly #listeners = new Map<string, (params: never) => void>();
  #number = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let left: Buffer = Buffer.alloc(0);
    socket.on('error', () => {}); // its process has ended
    socket.on('data', (chunk: Buffer) => {
      left = Buffer.concat([left, chunk]);
      for (let frame = frameIn(left); frame; frame = frameIn(left)) {
        left = frame.rest;
        if (frame.text.startsWith('{')) this.#take(JSON.parse(frame.text) as Told);
      }
    });
  }

  /** Attaches to the address that a process prints: `ws://127.0.0.1:PORT/ID`. */
  static attach(address: string): Promise<Inspector> {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    return new Promise((resolve, reject) => {
      const request = get(address.replace('ws:', 'http:'), { headers });
      request.on('error', reject).on('upgrade', (_, socket) => resolve(new Inspector(socket as Socket)));
    });
  }

  /** Is told of an event from now on. */
  on<P>(event: string, listener: (params: P) => void): void {
    this.#listeners.set(event, listener);
  }

  /** Asks, such as `Debugger.resume`. Rejects with what is wrong. */
  ask<R>(method: string, params: object = {}): Promise<R> {
    const id = ++this.#number;
    this.#socket.write(frameOf(JSON.stringify({ id, method, params })));
    return new Promise((resolve, reject) =>
      this.#asked.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result as R),
      ),
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(told: Told): void {
    if (told.id === undefined) return this.#listeners.get(told.method ?? '')?.(told.params as never);
    this.#asked.get(told.id)?.(told);
    this.#asked.delete(told.id);
  }
}
