import type { Fault, FaultPlan, PortCall } from '../../lib/memory/faults.js';

/** How the call at which a process dies ends: it never arrives, or it was carried out. */
export type LastCall = 'requestLost' | 'responseLost';

/** Kills one connection at its nth call. */
export class KillAt implements FaultPlan {
  /** How many calls it has made so far. */
  calls = 0;
  onKill = (): void => {};

  constructor(
    readonly n: number,
    readonly fault: LastCall,
    readonly victim = 'victim',
  ) {}

  next({ connection }: PortCall): Fault {
    if (connection !== this.victim || ++this.calls !== this.n) return 'none';
    this.onKill();
    return this.fault;
  }
}
