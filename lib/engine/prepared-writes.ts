import type { StoredReminder } from '../core/entity-options.js';
import type { CallPort, OperationOutcome } from '../core/operation.js';
import { CriticalSectionError, PayloadTooLargeError } from '../errors.js';
import type { Prepared, PreparedChange } from '../wire/prepared.js';
import type { StepEntry } from '../wire/record.js';
import { utf8Length } from '../wire/text.js';
import { Agenda, agendaAfter } from './agenda.js';
import { sentBy } from './entity-effects.js';

/** What the operations of one transaction may send from one entity, in bytes of JSON: it stands in the head until that is decided. */
const MOST_SENT = 64 * 1024;

/** What an operation of a transaction prepares (P23); undefined: nothing. */
export function preparedBy(
  { changed, messages, reminders }: OperationOutcome,
  next: Pick<PreparedChange, 'state' | 'stateVersion' | 'change' | 'deleted'>,
  now: number,
): PreparedChange | undefined {
  const change = {
    ...(changed && next),
    ...agendaAfter(undefined, now, reminders),
    ...(messages.length > 0 && { messages: messages.map(sentBy) }),
  };
  return Object.keys(change).length > 0 ? change : undefined;
}

/** Why an operation of a transaction cannot be prepared, behind what those before it have; undefined: it can. */
export function tooMuchSent(
  { messages }: OperationOutcome,
  before: Prepared | undefined,
): PayloadTooLargeError | undefined {
  if (messages.length === 0) return undefined;
  const bytes = utf8Length(JSON.stringify([before?.messages ?? [], messages.map(sentBy)]));
  if (bytes <= MOST_SENT) return undefined;
  return new PayloadTooLargeError('What the operations of a transaction send from one entity', bytes, MOST_SENT);
}

/** The reminders of an entity, as an operation of a transaction finds them. */
export function preparedReminders(agenda: Agenda, prepared: Prepared | undefined): readonly StoredReminder[] {
  if (!prepared?.planned && !prepared?.unplanned) return agenda.reminders(undefined);
  const next = new Agenda(agenda.stored);
  next.apply(agendaIn(prepared));
  return next.reminders(undefined);
}

/** What becomes of the agenda by what was prepared. */
export function agendaIn({ planned, unplanned }: Prepared): Pick<StepEntry, 'planned' | 'unplanned'> {
  return { ...(planned && { planned }), ...(unplanned && { unplanned }) };
}

/** The calls of an operation of a transaction: none, for what they bring about could not be undone. */
export const callsInTransaction: CallPort = {
  call: () =>
    Promise.reject(
      new CriticalSectionError(
        'An operation of a transaction must not call another entity, for what that does is not undone: let the body of the ' +
          'transaction call both.',
      ),
    ),
};
