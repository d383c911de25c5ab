/** How much the heads of a partition differ from the pages of their notes, as far as their owner knows (docs/adr/0068). */
export class HeadChanges {
  /** At most so many heads are stored that no page covers. */
  behind = 0;
  /** The last sequence that the pages cover; 0: none, or not known yet. */
  covered = 0;
  /** Entries of the pages that are not what is stored any more, about. */
  stale = 0;

  /** A head was stored over the one at `former`; 0: there was none. */
  written(former: number): void {
    this.behind++;
    this.removed(former);
  }

  /** The head that was stored at `former` is not there any more. */
  removed(former: number): void {
    if (former > 0 && former <= this.covered) this.stale++;
  }
}
