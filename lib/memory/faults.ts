/** One call that a process makes of the twin's server. */
export interface PortCall {
  /** The name of the connection that calls. */
  readonly connection: string;
  readonly partition: number;
  readonly port: 'log' | 'mailbox' | 'views' | 'storage' | 'bus' | 'store' | 'objects' | 'deadLetters' | 'tasks';
  /** The port's method, such as `append`. */
  readonly operation: string;
}

/**
 * What happens to a call: nothing; the request never arrives; it is carried out but its answer never comes back; a deposed
 * leader answers it, who does not know the caller's last write yet (of `Views.read`, else nothing); or it arrives late, by
 * virtual milliseconds, or its answer does (above the caller's deadline the caller never learns what came of it), or it
 * arrives once again so many milliseconds later.
 */
export type Fault =
  | 'none'
  | 'requestLost'
  | 'responseLost'
  | 'stale'
  | { readonly delay?: number; readonly answer?: number; readonly again?: number };

/** Asked at every call, in order, so that a plan drawn from a seed is reproducible. */
export interface FaultPlan {
  next(call: PortCall): Fault;
}

/** The plan under which nothing goes wrong. */
export const noFaults: FaultPlan = { next: () => 'none' };
