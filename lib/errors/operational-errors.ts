import { PerdureError } from './perdure-error.js';

/** An orchestrator waited for something that is not a task, such as a promise. */
export class IllegalAwaitError extends PerdureError {
  readonly code = 'PERDURE_ILLEGAL_AWAIT';
}

/** No worker that lives, and can be asked, has registered the orchestrator. */
export class NoWorkerError extends PerdureError {
  readonly code = 'PERDURE_NO_WORKER';
  constructor(
    /** The orchestrator's name as its instance was started, and the version where it has one: `order@2.1`. */
    readonly orchestrator: string,
  ) {
    super(
      `No worker that lives has registered orchestrator "${orchestrator}", or none answers: its instances can be neither queried ` +
        'nor rewound. Start a worker with it.',
    );
  }
}

/** On replay, an orchestrator asked for something other than what its history says. */
export class NonDeterminismError extends PerdureError {
  readonly code = 'PERDURE_NON_DETERMINISM';
  /** Where in the two the first difference is, such as `input.items[3].price`, when they are of one type. */
  readonly difference: string | undefined;
  /**
   * The place in the code, as `file:line:column`: where it asks for what it does now, where it throws, where it waits when it asks
   * for nothing, or, when it ends, behind which wait. Undefined for what no code asked for, such as another attempt.
   */
  readonly source: string | undefined;
  constructor(
    /** The number of the event in the history, from 0. */ readonly eventNumber: number,
    /** What the history says. */ readonly expected: string,
    /** What the code does. */ readonly actual: string,
    {
      difference,
      source,
      what = 'asked for',
    }: {
      readonly difference?: string | undefined;
      readonly source?: string | undefined;
      /** What the code does at that place, such as `it waits`. */ readonly what?: string | undefined;
    } = {},
  ) {
    super(
      `Event ${eventNumber} of the history says: ${expected}; the code now does: ${actual}` +
        `${difference === undefined ? '' : `; they differ in ${difference}`}${source === undefined ? '' : `, ${what} at ${source}`}. ` +
        `Orchestrators must do the same on every replay: no clock, randomness or IO, and no changed order of calls. Deploy ` +
        `the code that the instance began with, or let the change apply to new instances only: ctx.patched(), versions.`,
    );
    this.difference = difference;
    this.source = source;
  }
}

/** An execution of an orchestration was to have more history events than one may have: it has failed. */
export class HistoryTooLongError extends PerdureError {
  readonly code = 'PERDURE_HISTORY_TOO_LONG';
  constructor(
    /** The orchestration instance. */ readonly instanceId: string,
    /** How many events the history would have had, the one that ends it not counted. */ readonly events: number,
    /** How many it may have. */ readonly limit: number,
  ) {
    super(
      `The history of orchestration ${instanceId} would have ${events} events; one execution may have ${limit}. Let it begin ` +
        'anew in time with ctx.continueAsNew(input), or give parts of its work to sub-orchestrations.',
    );
  }
}

/** Another worker has taken over the partition; what was not committed is dropped and done again there. */
export class OwnershipLostError extends PerdureError {
  readonly code = 'PERDURE_OWNERSHIP_LOST';
}

/** A stream is older than what is known to have been stored: the storage lost acknowledged messages. */
export class StorageRegressedError extends PerdureError {
  readonly code = 'PERDURE_STORAGE_REGRESSED';
  constructor(
    message: string,
    /** The stream that is gone, or was deleted and created anew; undefined: streams are there, and messages missing. */
    readonly stream?: string,
  ) {
    super(message);
  }
}

/** The server stores nothing more in a stream: it, or the storage that it lies on, is full. */
export class StorageFullError extends PerdureError {
  readonly code = 'PERDURE_STORAGE_FULL';
  constructor(
    /** The stream's name. */ readonly stream: string,
    /** Why, as the server says it. */ readonly reason: string,
    /** `none`: the message was not carried out, and will not be; `unknown`: a copy sent before may have been stored. */
    readonly effect: 'none' | 'unknown' = 'none',
  ) {
    const known = {
      none: 'Nothing of it was stored: send it again when there is room.',
      unknown: 'Whether a copy that was sent before is stored is not known: look before you send it again.',
    };
    super(`Stream ${stream} takes nothing now: ${reason}. ${known[effect]}`);
  }
}

/**
 * What was asked for was lost with stored data of a partition, and an operator accepted that loss: no answer will come.
 * Whether it was carried out is not known.
 */
export class LossAcceptedError extends PerdureError {
  readonly code = 'PERDURE_LOSS_ACCEPTED';
  constructor(
    /** The partition. */
    readonly partition: number,
  ) {
    super(
      `Stored data of partition ${partition} was lost, and an operator accepted that: no answer will come. Whether what was asked ` +
        'for was carried out is not known.',
    );
  }
}

/** A stored record cannot be read: damaged, or missing where the chain needs it. */
export class CorruptHistoryError extends PerdureError {
  readonly code = 'PERDURE_CORRUPT_HISTORY';
}

/** A stored message was written by a newer version of Perdure. */
export class VersionTooNewError extends PerdureError {
  readonly code = 'PERDURE_VERSION_TOO_NEW';
  constructor(
    /** What has the newer format, for people. */ readonly what: string,
    /** Its format version. */ readonly found: unknown,
    /** The newest format version that this build reads. */ readonly supported: number,
  ) {
    super(`${what} has format version ${String(found)}, this build reads up to ${supported}. Update Perdure here.`);
  }
}

/**
 * The owner of a partition does not know the client's session any more: it was not used for an hour, or there were too many
 * sessions. The client opens another one for its next message; this one is not sent again.
 */
export class SessionExpiredError extends PerdureError {
  readonly code = 'PERDURE_SESSION_EXPIRED';
  constructor(
    /** `none`: the message was not carried out, and will not be; `unknown`: a copy sent before may have been. */
    readonly effect: 'none' | 'unknown',
  ) {
    const known = {
      none: 'The message was not carried out and will not be: send it again if it is still wanted.',
      unknown: 'Whether the message was carried out is not known: look before you send it again.',
    };
    super(`The client's session has expired. ${known[effect]}`);
  }
}

/** The message was not carried out and will not be: its number in the client's session had been given up or refused. */
export class NotAcceptedError extends PerdureError {
  readonly code = 'PERDURE_NOT_ACCEPTED';
  constructor() {
    super('The message was not carried out and will not be: its number in the session had been given up or refused.');
  }
}

/** Of many messages that were to be sent, some were not, or are not known to be stored. */
export class PartlySentError extends PerdureError {
  readonly code = 'PERDURE_PARTLY_SENT';
  constructor(
    /** What became of each, in the order given. */ readonly settled: readonly PromiseSettledResult<unknown>[],
  ) {
    const failed = settled.flatMap((one, at) =>
      one.status === 'rejected' ? [[at, one.reason as Error] as const] : [],
    );
    const [at, first] = failed[0] ?? [0, undefined];
    super(
      `${failed.length} of ${settled.length} messages failed, or are not known to be stored; all others are. The first of them, ` +
        `number ${at}: ${first?.message} See \`settled\` for each.`,
      { cause: first },
    );
  }
}

/** Too much waits there: the message was not carried out and will not be. */
export class BusyError extends PerdureError {
  readonly code = 'PERDURE_BUSY';
  constructor(
    message = 'Too many outcomes of this client are kept for it to receive: the message was not carried out. Send it ' +
      'again when some have come.',
  ) {
    super(message);
  }
}

/** The connection, the worker or the client is closed, or the context of an operation was used after its end. */
export class ClosedError extends PerdureError {
  readonly code = 'PERDURE_CLOSED';
}

/** Somebody who operates the task hub discarded the message that an instance in quarantine was to take next. */
export class MessageDiscardedError extends PerdureError {
  readonly code = 'PERDURE_MESSAGE_DISCARDED';
  constructor(
    /** The instance, as `inspect` and the log name it. */
    readonly address: string,
  ) {
    super(
      `The message for ${address} was discarded by an operator: processes died whenever they took it. What it asked for was ` +
        'not done.',
    );
  }
}
