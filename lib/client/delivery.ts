import { TimeoutError } from '../errors.js';

/** How far a message has come. */
export interface Delivery {
  progress: 'unsent' | 'queued' | 'sending' | 'stored';
}

const effects = { unsent: 'none', queued: 'none', sending: 'unknown', stored: 'stored' } as const;

/** The error for a caller whose time is over, with what is known of the message. */
export function lateError(
  what: string,
  milliseconds: number,
  { progress }: Delivery,
  instanceId?: string,
): TimeoutError {
  const known = {
    unsent:
      'Nothing was sent: what has to be known before, such as the registered names or the instance, could not be read.',
    queued: 'Nothing was sent: earlier messages of this client are still to be stored, or to be answered.',
    sending: 'Whether it is stored is not known; it is sent again until the client is closed.',
    stored: 'It is stored, and will be carried out as soon as a worker takes it.',
  };
  const text = `${what} was not answered within ${milliseconds} ms. ${known[progress]}`;
  return new TimeoutError(text, instanceId, effects[progress]);
}
