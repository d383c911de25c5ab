import type { InputShape } from '../core/names.js';
import type { Json, ValueCodec } from '../core/values.js';
import { LargeValues } from '../engine/large-values.js';
import type { HubPorts } from '../engine/ports.js';
import { REFUSED_FOR_LONG } from '../engine/refusals-in-a-row.js';
import { BusyError, ClosedError, NotAcceptedError, PayloadTooLargeError } from '../errors.js';
import { isDto } from '../validation/dto-plan.js';
import { isDateField } from '../validation/field-type.js';
import { validateInput } from '../validation/validate-input.js';
import { partitionOf } from '../wire/addresses.js';
import { largestMessage } from '../wire/body-limit.js';
import type { Address, ClientMessage } from '../wire/messages.js';
import type { Outcome, Refused } from '../wire/record.js';
import { unstampedText } from '../wire/session-codec.js';
import { parseMessageId } from '../wire/sessions.js';
import { utf8Length } from '../wire/text.js';
import { isLonger } from '../wire/value-limits.js';
import { createValueCodec } from '../wire/value-codec.js';
import type { Delivery } from './delivery.js';
import { Inbox } from './inbox.js';
import { MailChannel, type MessagePlace } from './mail-channel.js';
import type { Letter, Outgoing } from './outgoing.js';
import { deadlineAfter, OwnerQueries } from './owner-queries.js';
import { recheck } from './recheck.js';
import { RegisteredNames } from './registered-names.js';
import { Waits, type Wait } from './waits.js';

/** How a message is sent. */
export interface SendOptions {
  /** Rejects when the message must not be sent; undefined when that is known at once. */
  readonly check: () => Promise<void> | undefined;
  /**
   * What waits for it: until it is stored, of a call or a start with an outcome for that. When it is over the message is not
   * sent any more.
   */
  readonly wait: Wait<Outcome | undefined>;
  readonly delivery?: Delivery | undefined;
  /** Whether an outcome is waited for: for the answer to a call or a start. */
  readonly isCall?: boolean | undefined;
}

/** How often an owner is asked whether it has accepted a message, in milliseconds. */
const CONFIRMATION = 1_000;

/** What is sent together has so many bytes at most. */
const ENVELOPE_BYTES = 128 * 1024;

/** One client's connection to a task hub: its numbered channels, its inbox, and everything it waits for. */
export class ClientSession {
  readonly values: ValueCodec = createValueCodec({ isDto, isDateField });
  readonly waits: Waits;
  readonly inbox: Inbox;
  readonly queries: OwnerQueries;
  readonly names: RegisteredNames;
  readonly ports: HubPorts;
  /** Values too large for messages. */
  readonly large: LargeValues;
  readonly #id: string;
  /** From here on the end of the connection does not matter to it. */
  readonly #leave: () => void;
  readonly #channels = new Map<number, MailChannel>();
  /** The checks under way for messages to an address: a later message to it waits behind them. */
  readonly #lines = new Map<Address, Promise<void>>();

  constructor(ports: HubPorts) {
    this.ports = ports;
    this.large = new LargeValues(ports, undefined, REFUSED_FOR_LONG);
    this.#id = ports.random.id();
    const prefix = `${ports.subjects.inboxPrefix}.${this.#id}`;
    this.waits = new Waits(ports.clock);
    this.inbox = new Inbox(ports, prefix, (outcome) => this.#refused(outcome));
    this.queries = new OwnerQueries(ports, prefix);
    this.names = new RegisteredNames(ports);
    this.#leave = joinOpenSessions(ports, this);
  }

  /** A user's value as it is sent. Throws InvalidInputError, UnserializableError, TooDeepError or ForbiddenKeyError. */
  encode(value: unknown, shape: InputShape | undefined, target: string): { readonly input?: Json } {
    if (value === undefined && (!shape?.input || shape.isInputOptional)) return {};
    const input = this.values.encode(shape?.input ? validateInput(value, shape.input, target) : value);
    return input === undefined ? {} : { input };
  }

  /** Sends a short message of which nothing has to be known before, at once; false: it is not so, and nothing was sent. */
  post(address: Address, message: ClientMessage, onStored: (error?: unknown) => void): boolean {
    if (this.#lines.has(address)) return false; // it would overtake
    const text = unstampedText(message);
    if (isLonger(text, this.large.limits.inline)) return false;
    this.#deliver(address, { text, bytes: this.#sized(text), onStored });
    return true;
  }

  #deliver(address: Address, letter: Omit<Letter, 'address' | 'subject'>): readonly [Outgoing, MailChannel] {
    const partition = partitionOf(address, this.ports.partitions);
    const subject = this.ports.subjects.partition(partition).mail(address);
    const channel = this.#channel(partition);
    return [channel.send({ address, subject, ...letter }), channel];
  }

  /**
   * Sends a message once `check` has passed, in the order of the calls for one address; resolves when it has its place
   * among the messages of its partition. What is no longer waited for by then is not sent.
   */
  async send(address: Address, message: ClientMessage, { check, wait, delivery, isCall }: SendOptions): Promise<void> {
    let text = unstampedText(message);
    // Of a message that is short as a whole the input is short, too.
    const isShort = !isLonger(text, this.large.limits.inline);
    const value = isShort ? undefined : this.large.textIn(message, () => whatIn(message));
    const store = async (): Promise<void> => {
      await check();
      text = unstampedText(await this.large.byReference(address, message, value!, () => !wait.isOver));
    };
    const turn = this.#inTurn(address, value === undefined ? check : store);
    if (turn) await turn; // else it is sent in this very turn: what is posted next must not overtake it
    if (wait.isOver) throw new ClosedError('Nobody waits for it any more: nothing was sent.');
    const onOutcome = isCall ? (outcome: Outcome) => this.#told(sent, outcome, true, wait) : undefined;
    const onStored = (error?: unknown): void => {
      if (error !== undefined) wait.fail(error);
      else if (isCall) this.#askFor(sent, wait);
      else wait.succeed(undefined);
    };
    if (delivery) delivery.progress = isCall ? 'queued' : 'sending';
    const letter = { text, bytes: this.#sized(text), onOutcome, onStored, delivery };
    const [sent, channel]: readonly [Outgoing, MailChannel] = this.#deliver(address, letter);
    if (isCall) wait.onEnd(() => channel.settle(sent));
  }

  /** The last message of this client that is stored for the partition of an instance. */
  lastStored(address: Address): MessagePlace | undefined {
    return this.#channels.get(partitionOf(address, this.ports.partitions))?.stored;
  }

  /** Whether the owner of an instance's partition has taken a message, or will never do so; undefined: nobody says. */
  async isTaken(address: Address, place: MessagePlace, deadline: number): Promise<boolean | undefined> {
    const answer = await this.#outcomeOf(address, place, deadline);
    return answer && (answer.accepted === true || answer.outcome !== undefined);
  }

  /**
   * Resolves when all that was sent to an instance's partition before is stored or given up, with the sequence of the last mail
   * of this client there.
   */
  async whenStored(address: Address): Promise<number> {
    await this.#lines.get(address);
    return (await this.#channels.get(partitionOf(address, this.ports.partitions))?.whenStored()) ?? 0;
  }

  /** Asks for what became of a call, behind what its owner tells, which may get lost. */
  #askFor(sent: Outgoing, wait: Wait<Outcome | undefined>): void {
    recheck(wait, async (deadline) => {
      const { outcome } = await this.#ask(sent, deadline);
      if (outcome) this.#told(sent, outcome, false, wait);
    });
  }

  /** `isCopy`: the word is about one copy of the message, and not about its session only. */
  #told(sent: Outgoing, outcome: Outcome, isCopy: boolean, wait: Wait<Outcome | undefined>): void {
    if (outcome.refused === undefined) this.#receive(outcome, wait);
    else wait.fail(this.#refusal(sent, outcome.refused, isCopy));
  }

  #refusal(sent: Outgoing, refused: Refused, isCopy: boolean): Error {
    if (refused === 'busy') return new BusyError();
    if (refused === 'notAccepted') return new NotAcceptedError();
    if (sent.messageId !== undefined) this.#expired(sent.messageId);
    return sent.expired(isCopy);
  }

  /** The wait ends with its value: the owner keeps that until it is told that the outcome is received. */
  #receive(outcome: Outcome, wait: Wait<Outcome | undefined>): void {
    if (!outcome.resultRef) return wait.succeed(outcome);
    this.large.whole(outcome).then(
      (whole) => wait.succeed(whole),
      (error: unknown) => wait.fail(error),
    );
  }

  /** An owner refused a message that nobody waits for: its promise was kept by the stream, and not by the owner. */
  #refused({ id, refused }: Outcome): void {
    if (refused === undefined || !this.#expired(id)) return;
    this.ports.logger.error('A message was refused, and not carried out by this copy: its session had expired', {
      instance: this.ports.name,
      id,
    });
  }

  /** Whether the message is one of this client's present sessions: the next message opens another. */
  #expired(messageId: string): boolean {
    const session = parseMessageId(messageId)?.session;
    return session !== undefined && [...this.#channels.values()].some((channel) => channel.expire(session));
  }

  async #ask(
    { session, number, letter }: Outgoing,
    deadline: number,
  ): Promise<{ readonly outcome?: Outcome; readonly accepted?: true }> {
    const { address } = letter;
    if (address === undefined || !session) return {};
    return (await this.#outcomeOf(address, { session, number }, deadline)) ?? {};
  }

  async #outcomeOf(
    address: Address,
    { session, number }: MessagePlace,
    deadline: number,
  ): Promise<{ readonly outcome?: Outcome; readonly accepted?: true } | undefined> {
    const id = session.messageId(number);
    const query = { v: 1, kind: 'outcome', address, id, session: session.id, number } as const;
    const answer = await this.queries.ask(address, query, deadline);
    return typeof answer === 'object' ? answer : undefined;
  }

  /** Asks until an owner says that it has accepted a message. Throws SessionExpiredError, and ClosedError once closed. */
  async #confirm(sent: Outgoing): Promise<void> {
    for (let times = 0; ; times++) {
      const { outcome, accepted } = await this.#ask(sent, deadlineAfter(times));
      if (outcome?.refused) throw this.#refusal(sent, outcome.refused, false);
      if (accepted) return;
      await this.waits.whileOpen((wait) => wait.pause(CONFIRMATION));
    }
  }

  close(reason: string, cause?: ErrorOptions): void {
    this.#leave();
    const error = new ClosedError(reason, cause);
    this.waits.close(error);
    for (const channel of this.#channels.values()) channel.close(error);
    this.inbox.close();
    this.queries.close();
  }

  #inTurn(address: Address, check: () => Promise<void> | undefined): Promise<void> | undefined {
    const before = this.#lines.get(address);
    const turn = before ? before.then(check) : check();
    if (!turn) return undefined;
    const line = turn.then(noop, noop);
    this.#lines.set(address, line);
    void line.then(() => {
      if (this.#lines.get(address) === line) this.#lines.delete(address);
    });
    return turn;
  }

  #channel(partition: number): MailChannel {
    const known = this.#channels.get(partition);
    if (known) return known;
    const { clock, logger, subjects } = this.ports;
    // One for each partition: hellos have the same sequence in several, and then the token alone tells two sessions apart.
    const token = `${this.#id}-${partition}`;
    this.inbox.listenAt(subjects.partition(partition).outcomes(token));
    const channel = new MailChannel({
      mail: this.ports.mailOf(partition),
      clock,
      logger,
      subject: subjects.partition(partition).sessions,
      envelopes: subjects.partition(partition).envelopes,
      envelopeBytes: Math.min(ENVELOPE_BYTES, largestMessage(this.ports.maxBodyBytes)),
      token,
      listen: (messageId, call) => this.inbox.onOutcome(messageId, call),
      confirm: (sent) => this.#confirm(sent),
    });
    this.#channels.set(partition, channel);
    return channel;
  }

  /** The bytes of a message. Throws PayloadTooLargeError. */
  #sized(text: string): number {
    const limit = largestMessage(this.ports.maxBodyBytes);
    const bytes = utf8Length(text);
    if (bytes > limit) throw new PayloadTooLargeError('The message with this input', bytes, limit);
    return bytes;
  }
}

/** The open sessions of each hub's connection: they end with it, and it keeps none that has ended before. */
const openSessions = new WeakMap<HubPorts, Set<ClientSession>>();

function joinOpenSessions(ports: HubPorts, session: ClientSession): () => void {
  let sessions = openSessions.get(ports);
  if (!sessions) {
    const all = (sessions = new Set<ClientSession>());
    openSessions.set(ports, all);
    void ports.closed.then((reason) => {
      const text = reason?.message ?? 'The connection to the task hub is closed.';
      for (const open of all) open.close(text, reason && { cause: reason });
    });
  }
  sessions.add(session);
  return () => sessions.delete(session);
}

function whatIn(message: ClientMessage): string {
  return message.kind === 'control' ? 'The output' : `The input of "${message.name}"`;
}

function noop(): void {}
