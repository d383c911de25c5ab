import { decodeStored } from './body.js';
import { address, message } from './message-codec.js';
import type { Message } from './messages.js';
import type { ParkedBox, ParkedPage, Parking } from './parked.js';
import { pairs } from './record-shapes.js';
import { count, list, object, oneOf, optional, ShapeError, tuple } from './shapes.js';
import type { Shape } from './shapes.js';
import { encodeText } from './text-encoding.js';

/** The text of a message in a page, made once: its length decides where a page ends. */
export function encodeParked(parked: Message): string {
  return JSON.stringify(parked);
}

/** A page of these boxes, whose messages are texts of `encodeParked`. */
export function encodeParkedPage(boxes: Iterable<readonly [to: string, messages: readonly string[]]>): Uint8Array {
  const texts = Array.from(boxes, ([to, messages]) => `[${JSON.stringify(to)},[${messages.join(',')}]]`);
  return encodeText(`{"v":1,"boxes":[${texts.join(',')}]}`);
}

/** A page of parked messages. Throws CorruptHistoryError or VersionTooNewError. */
export function decodeParkedPage(body: Uint8Array, where: string): ParkedPage {
  return decodeStored(body, where, page);
}

const page = object<ParkedPage>({ v: oneOf(1), boxes: list(tuple(address, list(message))) });

/** The name of a page: its epoch and its number. */
export const pageName: Shape<string> = (value) => {
  if (typeof value !== 'string' || !/^[0-9]{1,16}\.[0-9]{1,16}$/.test(value))
    throw new ShapeError('must be the name of a page');
  return value;
};

const box: Shape<ParkedBox> = (value) => {
  const read = object<ParkedBox>({
    to: address,
    from: count,
    end: count,
    bytes: count,
    control: optional(count),
    mail: optional(pairs),
    local: optional(pairs),
  })(value);
  if (read.from >= read.end) throw new ShapeError('must be below end', '.from');
  return read;
};

export const parking = object<Parking>({ page: pageName, sequence: count, boxes: list(box) });
