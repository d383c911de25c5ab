import type { HubStore } from '../../lib/engine/hub-store.js';
import type { PartitionPorts, TaskQueues } from '../../lib/engine/ports.js';

/** One process's connection to a task hub. */
export interface Connection {
  readonly store: HubStore;
  readonly tasks: TaskQueues;
  readonly ports: (partition: number) => PartitionPorts;
  readonly close: () => Promise<void>;
}

/** A fresh task hub of two partitions, on the memory twin or on a real server, with two connections. */
export interface Side {
  readonly hub: string;
  readonly connections: readonly Connection[];
  /** The revision after which those of the hub's store begin to count: the hub's record is stored before. */
  readonly baseRevision: number;
  /** Waits for a promise of a port, driving virtual time where time is virtual. */
  readonly settle: <T>(promise: Promise<T>) => Promise<T>;
  /** Lets time pass, in milliseconds. */
  readonly pass: (milliseconds: number) => Promise<void>;
  /** Waits until the server has heard what it was told without being asked for an answer. */
  readonly reached: () => Promise<void>;
  /** Waits until what is on its way has arrived: on a real server until it is there, or for a few seconds in vain. */
  readonly quiet: (isThere: () => boolean) => Promise<void>;
  /** A message of a mail stream is deleted past the ports, as an operator can. */
  readonly deleteMail: (partition: number, sequence: number) => Promise<void>;
  /** Why what was answered can not be compared, such as an answer that did not come in time. */
  readonly isUnclear: () => string | undefined;
  readonly end: () => Promise<void>;
}
