import type { RuntimeStatus } from '../wire/head.js';

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 } as const;

/** A colour, or another look, of a text. */
export type Look = keyof typeof codes;

/** As https://no-color.org and https://force-color.org have it. */
function isColoured(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return stream.isTTY && TERM !== 'dumb';
}

/** The text in a colour, where the stream shows colours. */
export function paint(look: Look, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return isColoured(stream) ? `\x1b[${codes[look]}m${text}\x1b[0m` : text;
}

const looks: Readonly<Record<RuntimeStatus, Look>> = {
  Pending: 'dim',
  Running: 'cyan',
  Suspended: 'magenta',
  Completed: 'green',
  Failed: 'red',
  Terminated: 'yellow',
  Canceled: 'yellow',
  ContinuedAsNew: 'cyan',
};

/** The state of an instance in its colour. */
export function paintStatus(status: RuntimeStatus): string {
  return paint(looks[status], status);
}
