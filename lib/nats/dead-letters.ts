import type { Logger, MailSender } from '../engine/ports.js';
import type { HubSubjects } from '../wire/subjects.js';
import type { JetStream } from './jetstream.js';
import { NatsMailSender } from './mailbox.js';
import { DEAD_LETTERS_KEPT, deadLetterStream, ensureStream, findStream } from './streams.js';

/**
 * Sends to the stream of a hub's dead letters. Letters are for people, and no promise rests on them: a stream that
 * somebody deleted is made anew, and told of, for mail would wait for its letter for ever.
 */
export class NatsDeadLetters extends NatsMailSender {
  readonly #jetStream: JetStream;
  readonly #subjects: HubSubjects;
  readonly #replicas: number;
  readonly #logger: Logger;

  constructor(jetStream: JetStream, subjects: HubSubjects, replicas: number, logger: Logger) {
    super(jetStream);
    this.#jetStream = jetStream;
    this.#subjects = subjects;
    this.#replicas = replicas;
    this.#logger = logger;
  }

  override async send(...letter: Parameters<MailSender['send']>): Promise<number | undefined> {
    const sequence = await super.send(...letter);
    if (sequence === undefined) await this.#restore();
    return sequence;
  }

  async #restore(): Promise<void> {
    const settings = deadLetterStream(this.#subjects, this.#replicas);
    if (await findStream(this.#jetStream, settings)) return;
    this.#logger.error('Somebody deleted the stream of dead letters: it is made anew, and the letters in it are lost', {
      instance: settings.name,
    });
    await ensureStream(this.#jetStream, settings, DEAD_LETTERS_KEPT);
  }
}
