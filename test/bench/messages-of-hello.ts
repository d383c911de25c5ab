/**
 * The messages of twelve hellos with 200 in flight, about as they were counted at the server: for one hello 0.15 messages of mail, 0.22
 * records, 1.1 heads and 0.18 notices, of the bytes that are named here.
 */
export const HELLOS = 12;
export const MAIL = { count: 2, bytes: 1_930 };
export const RECORDS = { count: 3, bytes: 3_900 };
export const HEADS = { count: HELLOS, bytes: 1_000 };
export const NOTICES = { count: 2, bytes: 1_160 };

/** The messages of one hello with no other beside it: one is sent when the one before is acknowledged or has come. */
export const ALONE = { mail: 320, records: 4, record: 400, head: 1_000, notice: 200 };

/** Where a worker tells of hellos that have ended; the message begins with their number. */
export const NOTICE = 'bench.notice';

export function noticeOf(number: string, bytes: number): Uint8Array {
  const body = Buffer.alloc(bytes, ' ');
  body.write(`${number} `);
  return body;
}
