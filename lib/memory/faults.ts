/** One call that a process makes of the twin's server. */
export interface PortCall {
  /** The name of the connection that calls. */
  readonly connection: string;
  readonly partition: number;
  readonly port: 'log' | 'mailbox' | 'views' | 'storage' | 'bus' | 'store' | 'objects' | 'deadLetters' | 'tasks';
  /** The port's method, such as `append`. */
  readonly operation: string;
  /** How long a body is that is to be stored. */
  readonly bytes?: number;
}

/**
 * What happens to a call: nothing; the request never arrives; it is carried out but its answer never comes back; a deposed
 * leader answers it, who does not know the last writes yet (of reads of the state stream, of the end of a log and of values,
 * else nothing); it is refused for want of permissions, which the server says to the connection and not to the caller, for whom it
 * is a request without an answer; it is refused because its stream is full (of writes), or because what is to be stored is
 * larger than the stream takes, which the caller is told; or it arrives late, by virtual milliseconds, or its answer does
 * (above the caller's deadline the caller never learns what came of it), or it arrives once again so many milliseconds later.
 */
export type Fault =
  | 'none'
  | 'requestLost'
  | 'responseLost'
  | 'stale'
  | 'refused'
  | 'full'
  | 'tooLarge'
  | { readonly delay?: number; readonly answer?: number; readonly again?: number };

/** Asked at every call, in order, so that a plan drawn from a seed is reproducible. */
export interface FaultPlan {
  next(call: PortCall): Fault;
}

/** The plan under which nothing goes wrong. */
export const noFaults: FaultPlan = { next: () => 'none' };
