import { notSerializable, type Committed } from '../../simulation/serializability.js';
import { FULL, type Contents, type Trade, type Traded } from './pots.js';

/** All that has touched pots, and what must follow from it. Times are of one clock. */
export class TradeHistory {
  readonly #committed: Committed[] = [];
  readonly #expected = new Map<string, Contents>();

  constructor(keys: readonly string[]) {
    for (const key of keys) this.#expected.set(key, { version: 0, balance: FULL });
  }

  /** A transaction has ended. */
  traded(
    id: string,
    { keys, kind }: Trade,
    { isCommitted, moved, found }: Traded,
    called: number,
    returned: number,
  ): void {
    if (!isCommitted) return;
    const isWritten = kind !== 'audit';
    const touched = new Map(found.map(([key, version]) => [key, { version, isWritten }]));
    this.#committed.push({ id, touched, called, returned });
    if (!isWritten) return;
    this.#add(keys[0]!, -moved);
    this.#add(keys[1]!, moved);
  }

  /** A pot was read, or an operation of it alone has added an amount. */
  touched(id: string, key: string, version: number, added: number | undefined, called: number, returned: number): void {
    const isWritten = added !== undefined;
    this.#committed.push({ id, touched: new Map([[key, { version, isWritten }]]), called, returned });
    if (isWritten) this.#add(key, added);
  }

  get length(): number {
    return this.#committed.length;
  }

  /** What each pot has to hold. */
  get expected(): ReadonlyMap<string, Contents> {
    return this.#expected;
  }

  /** Why it is not strictly serializable; nothing: it is. */
  get faults(): readonly string[] {
    return notSerializable(this.#committed);
  }

  #add(key: string, amount: number): void {
    const { version, balance } = this.#expected.get(key)!;
    this.#expected.set(key, { version: version + 1, balance: balance + amount });
  }
}
