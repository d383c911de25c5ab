import type { InputShape } from '../core/names.js';
import type { Json, ValueCodec } from '../core/values.js';
import type { HubPorts } from '../engine/ports.js';
import { ClosedError, PayloadTooLargeError } from '../errors.js';
import { isDto } from '../validation/dto-plan.js';
import { isDateField } from '../validation/field-type.js';
import { validateInput } from '../validation/validate-input.js';
import { partitionOf } from '../wire/addresses.js';
import { largestMessage } from '../wire/body-limit.js';
import { encodeMessage } from '../wire/message-codec.js';
import type { Address, Message, ResultMessage } from '../wire/messages.js';
import type { Outcome } from '../wire/record.js';
import { createValueCodec } from '../wire/value-codec.js';
import { followDelivery, type Delivery } from './delivery.js';
import { Inbox } from './inbox.js';
import { MailChannel } from './mail-channel.js';
import { OwnerQueries } from './owner-queries.js';
import { recheck } from './recheck.js';
import { RegisteredNames } from './registered-names.js';
import { Waits, type Wait } from './waits.js';

/** What a client sends. */
export type ClientMessage = Exclude<Message, ResultMessage>;

/** How a message is sent. */
export interface SendOptions<T> {
  /** Rejects when the message must not be sent; undefined when that is known at once. */
  readonly check: () => Promise<void> | undefined;
  /** What waits for it: when that is over the message is not sent any more. */
  readonly wait: Wait<T>;
  readonly delivery?: Delivery | undefined;
}

/** A message with a number of its channel. */
export interface Sent {
  readonly id: string;
  /** Resolves when it is stored. */
  readonly stored: Promise<void>;
}

/** One client's connection to a task hub: its numbered channels, its inbox, and everything it waits for. */
export class ClientSession {
  readonly values: ValueCodec = createValueCodec({ isDto, isDateField });
  readonly waits: Waits;
  readonly inbox: Inbox;
  readonly queries: OwnerQueries;
  readonly names: RegisteredNames;
  readonly ports: HubPorts;
  readonly #id: string;
  /** From here on the end of the connection does not matter to it. */
  readonly #leave: () => void;
  readonly #channels = new Map<number, MailChannel>();
  /** The checks under way for messages to an address: a later message to it waits behind them. */
  readonly #lines = new Map<Address, Promise<void>>();

  constructor(ports: HubPorts) {
    this.ports = ports;
    this.#id = ports.random.id();
    const prefix = `${ports.subjects.inboxPrefix}.${this.#id}`;
    this.waits = new Waits(ports.clock);
    this.inbox = new Inbox(ports, prefix);
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

  /**
   * Sends a message once `check` has passed, in the order of the calls for one address; resolves with its id when it
   * is on its way. What is no longer waited for by then is not sent.
   */
  async send<T>(address: Address, message: ClientMessage, { check, wait, delivery }: SendOptions<T>): Promise<Sent> {
    await this.#inTurn(address, check);
    if (wait.isOver) throw new ClosedError('Nobody waits for it any more: nothing was sent.');
    const partition = partitionOf(address, this.ports.partitions);
    const subject = this.ports.subjects.partition(partition).mail(address);
    const sent = this.#channel(partition).send(subject, (stamp) => this.#sized({ ...message, ...stamp }));
    if (delivery) followDelivery(delivery, sent.stored);
    return sent;
  }

  /** Waits for what became of a message: told by the owner, or asked for when it is not. */
  async outcome<T>(address: Address, { id, stored }: Sent, wait: Wait<Outcome | T>): Promise<void> {
    wait.onEnd(this.inbox.onOutcome(id, (outcome) => wait.succeed(outcome)));
    await stored;
    void recheck(wait, async () => {
      const answer = await this.queries.ask(address, { v: 1, kind: 'outcome', address, id });
      if (typeof answer === 'object' && answer.outcome) wait.succeed(answer.outcome);
    });
  }

  close(reason: string): void {
    this.#leave();
    const error = new ClosedError(reason);
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
    const channel = new MailChannel(this.#id, partition, {
      mail: this.ports.mailOf(partition),
      clock: this.ports.clock,
    });
    this.#channels.set(partition, channel);
    return channel;
  }

  #sized(message: ClientMessage): Uint8Array {
    const body = encodeMessage(message);
    const limit = largestMessage(this.ports.maxBodyBytes);
    if (body.length > limit) throw new PayloadTooLargeError('The message with this input', body.length, limit);
    return body;
  }
}

/** The open sessions of each hub's connection: they end with it, and it keeps none that has ended before. */
const openSessions = new WeakMap<HubPorts, Set<ClientSession>>();

function joinOpenSessions(ports: HubPorts, session: ClientSession): () => void {
  let sessions = openSessions.get(ports);
  if (!sessions) {
    const all = (sessions = new Set<ClientSession>());
    openSessions.set(ports, all);
    void ports.closed.then(() => {
      for (const open of all) open.close('The connection to the task hub is closed.');
    });
  }
  sessions.add(session);
  return () => sessions.delete(session);
}

function noop(): void {}
