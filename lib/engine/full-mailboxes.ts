import { BusyError, type PerdureError } from '../errors.js';
import { isEntityAddress } from '../wire/addresses.js';
import { encodeMessage } from '../wire/message-codec.js';
import type { Address, OperationMessage } from '../wire/messages.js';
import type { DroppedInput } from '../wire/record.js';
import type { InputBody } from './activation.js';
import { isOwn } from './agenda.js';
import type { Committer } from './committer.js';
import { EntityActivation } from './entity-activation.js';
import { overtakes } from './entity-locks.js';
import type { Host } from './host.js';
import type { Inbox } from './inbox.js';
import type { Input, Instance } from './instance.js';
import type { Instances } from './instances.js';
import type { MailLimits } from './mail-limits.js';
import type { Clock } from './ports.js';
import { refusalOf, type Sent } from './refusals.js';

/** The parts of a partition that a refusal concerns. */
export interface RefusingParts {
  readonly committer: Committer;
  readonly inbox: Inbox;
  readonly instances: Instances;
  readonly clock: Clock;
  /** A signal that its instance does not get: it is kept with the reason, then dropped. */
  bury(dropped: DroppedInput, body: Uint8Array, to: Address): void;
  /** A signal within the partition that its instance does not get. */
  lost(address: Address, reason: string): void;
}

/** The most messages that may wait for an instance. */
export function mailboxLimitOf(
  address: Address,
  { entities }: Pick<Host, 'entities'>,
  { mailbox }: Pick<MailLimits, 'mailbox'>,
): number {
  if (!isEntityAddress(address)) return mailbox;
  const { mailboxLimit = mailbox } = entities.get(address.slice(2, address.indexOf('.', 2))) ?? {};
  return Math.min(mailboxLimit, mailbox);
}

/**
 * Refuses a message for an instance for which more waits than may (P4); false: it has to be taken. Who waits for an
 * answer gets a BusyError; a signal is dropped with the reason.
 */
export function refuses(parts: RefusingParts, instance: Instance, input: Input): boolean {
  const { address, waiting } = instance;
  if (!isRefusable(input) || overtakes(input.body)) return false;
  refuse(
    parts,
    instance,
    input,
    new BusyError(
      `${waiting.length} messages wait for ${address}, and no more may: it takes them more slowly than they come.`,
    ),
  );
  return true;
}

/** Refuses a signal for later for an entity that keeps as many as it can; false: it has to be taken. */
export function refusesPlanned(parts: RefusingParts, instance: Instance, input: Input): boolean {
  const { activation, address } = instance;
  if (!(activation instanceof EntityActivation) || input.body.kind !== 'operation') return false;
  if (activation.hasRoomFor(input.body, parts.clock.now())) return false;
  const reason = `${address} keeps 1,000 operations, or 262,144 bytes of them, until their times, and no more.`;
  refuse(parts, instance, input, new BusyError(reason));
  return true;
}

/** Whether an input is a message that somebody sent: what the engine itself tells an instance is never refused. */
export function isRefusable({ body }: Input): boolean {
  return body.kind === 'operation' || body.kind === 'event' || body.kind === 'start' || body.kind === 'update';
}

/** The planned operation that an input has an entity carry out. */
export function plannedIn({ activation }: Instance, { body }: Input): OperationMessage | undefined {
  return isOwn(body) && activation instanceof EntityActivation ? activation.asOperation(body) : undefined;
}

/** Consumes an input without a step: who waits for an answer gets the error, any other message is dropped with it. */
export function refuse(parts: RefusingParts, instance: Instance, input: Input, error: PerdureError): void {
  const { committer, inbox, instances } = parts;
  const { address } = instance;
  const planned = plannedIn(instance, input);
  if (planned) return discardPlanned(parts, instance, input, planned, error);
  const body = input.body as Sent;
  const output = refusalOf(body, error);
  const isAwaited = output.messages.length > 0 || output.notices !== undefined;
  if (input.mail && !isAwaited) {
    const [sequence, index] = input.mail;
    return parts.bury({ sequence, index, reason: error.message }, encodeMessage(body), address);
  }
  if (!isAwaited) parts.lost(address, error.message);
  const { group } = committer;
  const locals = group.add(instance, input, output, group.prepare(instance, input, output));
  if (input.mail) inbox.consumed(input.mail);
  for (const { message, local } of locals)
    instances.deliver(message[0], {
      body: message[1] as InputBody,
      local,
      at: parts.clock.now(),
      from: group,
      bytes: 0,
    });
}

/** A planned operation is taken off as if it had failed; what it has called before its process died is forgotten. */
function discardPlanned(
  { committer: { group } }: RefusingParts,
  instance: Instance,
  input: Input,
  planned: OperationMessage,
  error: PerdureError,
): void {
  const activation = instance.activation as EntityActivation;
  const ended = activation.journals.of(planned)?.id;
  const failed = activation.replace(input.body, error);
  const output = { ...failed, entry: { ...failed.entry, ...(ended !== undefined && { ended }) } };
  const step = group.prepare(instance, input, output);
  group.add(instance, input, output, step);
  activation.apply(step.entry);
}
