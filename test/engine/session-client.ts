import type { MemoryHub } from '../../lib/memory/hub.js';
import { memoryHubPorts } from '../../lib/memory/hub-ports.js';
import type { Outcome } from '../../lib/wire/record.js';
import { sessionId } from '../../lib/wire/sessions.js';
import { partitionSubjects, type PartitionSubjects } from '../../lib/wire/subjects.js';
import { bytes, outcomesAt, recordingLogger } from './surroundings.js';

/** A client of partition 0 whose every message a test puts into the mail by itself, also those that no client sends. */
export class SessionClient {
  readonly token: string;
  readonly subjects: PartitionSubjects;
  readonly told: readonly Outcome[];
  session = '';
  readonly #hub: MemoryHub;

  constructor(hub: MemoryHub, token: string) {
    this.#hub = hub;
    this.token = token;
    this.subjects = partitionSubjects(hub.name, 0);
    this.told = outcomesAt(memoryHubPorts(hub.connect(token), recordingLogger()), this.reply);
  }

  get reply(): string {
    return this.subjects.outcomes(this.token);
  }

  mail(subject: string, message: object): number {
    return this.#hub.streams(0).mail.store(subject, bytes({ v: 1, ...message }), this.#hub.world.time)!;
  }

  hello(more: object = {}): string {
    const sequence = this.mail(this.subjects.sessions, { kind: 'hello', token: this.token, ...more });
    return (this.session = sessionId(sequence, this.token));
  }

  control(kind: 'done' | 'bye', number: number, more: object = {}): void {
    this.mail(this.subjects.sessions, { kind, session: this.session, number, ...more });
  }

  /** A call of the counter `k`. */
  call(number: number, input: string, more: object = {}): void {
    const message = { kind: 'operation', name: 'add', input, reply: this.reply, session: this.session, number };
    this.mail(this.subjects.mail('e.counter.k'), { ...message, ...more });
  }

  signal(number: number, input: string, more: object = {}): void {
    this.call(number, input, { reply: undefined, ...more });
  }

  /** Calls of the counter `k` in one message. */
  envelope(first: number, inputs: readonly string[], more: object = {}): void {
    const call = (input: string) => [
      'e.counter.k',
      { kind: 'operation', name: 'add', input, reply: this.reply, ...more },
    ];
    this.mail(this.subjects.envelopes, { session: this.session, first, messages: inputs.map(call) });
  }

  outcome(number: number, result: number): Outcome {
    return { id: `${this.session}.${number}`, result };
  }

  refusal(number: number, refused: Outcome['refused'], session = this.session): Outcome {
    return { id: `${session}.${number}`, refused: refused! };
  }
}
