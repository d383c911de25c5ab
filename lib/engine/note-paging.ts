import { ClosedError } from '../errors.js';
import type { Loop, Loops } from './loops.js';
import type { NotePageMaker } from './note-page-maker.js';
import type { PartitionPorts } from './ports.js';

/** After a takeover it has other things to do first, in milliseconds; and between two looks it pauses. */
const FIRST_PAUSE = 10_000;
const PAUSE = 5_000;

/** The partitions of one worker make their pages one after another. */
export class PagingTurn {
  #isTaken = false;

  /** False: another has it. */
  take(): boolean {
    if (this.#isTaken) return false;
    return (this.#isTaken = true);
  }

  giveBack(): void {
    this.#isTaken = false;
  }
}

/** When an owner makes pages of the notes of its heads: behind all else, and never for long. */
export class NotePaging {
  readonly #ports: Pick<PartitionPorts, 'clock' | 'logger' | 'subjects'>;
  readonly #maker: NotePageMaker;
  readonly #turn: PagingTurn;
  readonly #loop: Loop;
  #isMaking = false;
  #notBefore: number;
  #isStopped = false;

  constructor(
    ports: Pick<PartitionPorts, 'clock' | 'logger' | 'subjects'>,
    maker: NotePageMaker,
    turn: PagingTurn,
    loops: Loops,
  ) {
    this.#ports = ports;
    this.#maker = maker;
    this.#turn = turn;
    this.#loop = loops.add('the making of pages of notes');
    this.#notBefore = ports.clock.now() + FIRST_PAUSE;
  }

  stop(): void {
    this.#isStopped = true;
    this.#maker.stop();
  }

  /** Begins, if it is time. */
  beat(): void {
    const { clock } = this.#ports;
    if (this.#isMaking || this.#isStopped || !this.#maker.isDue || clock.now() < this.#notBefore) return;
    if (!this.#turn.take()) return;
    this.#isMaking = true;
    this.#loop.begin();
    this.#maker
      .make(() => this.#loop.moved())
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#loop.end();
        this.#turn.giveBack();
        this.#isMaking = false;
        this.#notBefore = clock.now() + PAUSE;
      });
  }

  /** Without pages who looks for heads reads more notes: a later round may make them. */
  #failed(error: unknown): void {
    if (this.#isStopped || error instanceof ClosedError) return;
    const { logger, subjects } = this.#ports;
    logger.warn(`Pages of notes were not made, which is tried again: ${String(error)}`, {
      instance: `partition ${subjects.partition}`,
    });
  }
}
