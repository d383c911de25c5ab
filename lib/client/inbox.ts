import type { HubPorts, Subscription } from '../engine/ports.js';
import { decodeNotices } from '../wire/answer-codec.js';
import type { Notice } from '../wire/queries.js';
import type { Outcome } from '../wire/record.js';

/** What is kept of instances that ended before anybody asked; what is beyond it, the owner is asked for. */
const KEPT_ENDS = 1_000;

/** The notice of an instance's end. */
export type EndedNotice = Extract<Notice, { readonly kind: 'ended' }>;

/**
 * What owners tell a client after their commits: the outcomes of its calls and starts, and the ends of instances. It may
 * get lost, so it only ever saves a question.
 */
export class Inbox {
  /** Where outcomes are to be told. */
  readonly reply: string;
  /** Where ends are to be told. */
  readonly notify: string;
  readonly #outcomes = new Map<string, (outcome: Outcome) => void>();
  readonly #waiting = new Map<string, Set<(notice: EndedNotice) => void>>();
  readonly #ended = new Map<string, EndedNotice>();
  /** Those who watch instances, by address. */
  readonly #changed = new Map<string, Set<() => void>>();
  readonly #subscriptions: Subscription[];
  readonly #ports: HubPorts;
  /** Told outcomes that nobody waits for. */
  readonly #unexpected: (outcome: Outcome) => void;

  constructor(ports: HubPorts, prefix: string, unexpected: (outcome: Outcome) => void) {
    this.#ports = ports;
    this.#unexpected = unexpected;
    this.reply = `${prefix}.o`;
    this.notify = `${prefix}.n`;
    this.#subscriptions = [];
    this.listenAt(`${prefix}.*`);
  }

  /** Takes what is told at another subject too. */
  listenAt(subject: string): void {
    this.#subscriptions.push(this.#ports.bus.subscribe(subject, (body) => this.#receive(body)));
  }

  /** Calls with the outcome of a message when it comes; the result forgets it. */
  onOutcome(id: string, call: (outcome: Outcome) => void): () => void {
    this.#outcomes.set(id, call);
    return () => this.#outcomes.delete(id);
  }

  /** Calls with each end of an instance that is told from now on; the result forgets it. */
  onEnded(instanceId: string, call: (notice: EndedNotice) => void): () => void {
    const calls = this.#waiting.get(instanceId) ?? new Set();
    this.#waiting.set(instanceId, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#waiting.get(instanceId) === calls) this.#waiting.delete(instanceId);
    };
  }

  /** Takes the last end of an instance that was told while nobody waited for it, when it is the one looked for. */
  takeEnded(instanceId: string, isWanted: (notice: EndedNotice) => boolean): EndedNotice | undefined {
    const known = this.#ended.get(instanceId);
    if (!known || !isWanted(known)) return undefined;
    this.#ended.delete(instanceId);
    return known;
  }

  /** Calls whenever an instance that is watched has changed; the result forgets it. */
  onChanged(address: string, call: () => void): () => void {
    const calls = this.#changed.get(address) ?? new Set();
    this.#changed.set(address, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#changed.get(address) === calls) this.#changed.delete(address);
    };
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #receive(body: Uint8Array): void {
    const decoded = decodeNotices(body);
    if ('refused' in decoded)
      return this.#ports.logger.warn(`A notice cannot be read: ${decoded.refused}`, { instance: this.#ports.name });
    for (const notice of decoded.value) {
      if (notice.kind === 'ended') this.#onEnded(notice);
      else if (notice.kind === 'changed') for (const call of this.#changed.get(notice.address) ?? []) call();
      else (this.#outcomes.get(notice.outcome.id) ?? this.#unexpected)(notice.outcome);
    }
  }

  #onEnded(notice: EndedNotice): void {
    const calls = this.#waiting.get(notice.instanceId);
    if (calls) for (const call of calls) call(notice);
    else this.#keep(notice);
  }

  #keep(notice: EndedNotice): void {
    this.#ended.set(notice.instanceId, notice);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > KEPT_ENDS && oldest !== undefined) this.#ended.delete(oldest);
  }
}
