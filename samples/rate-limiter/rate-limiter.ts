import { EntityContext } from 'perdure';
import { Entity, Operation } from 'perdure/decorators';

/** So many permits may be taken at once, */
const MOST = 3;
/** and one more after so many milliseconds. */
const REFILL = 2_000;

/** A bucket of permits for each key. One that nobody has used for a while is full, so nothing of it has to stay stored. */
@Entity('rate-limiter')
export class RateLimiter {
  state = { permits: MOST, refilledAt: 0 };

  /** Takes a permit. 0: it is granted; else there is one in so many milliseconds. */
  @Operation()
  take(_none: void, ctx: EntityContext): number {
    const now = ctx.currentUtcDateTime.getTime();
    const refills = Math.floor((now - this.state.refilledAt) / REFILL);
    if (this.state.permits + refills >= MOST) this.state = { permits: MOST, refilledAt: now };
    else this.state = { permits: this.state.permits + refills, refilledAt: this.state.refilledAt + refills * REFILL };
    ctx.setReminder('forget', { firstTime: (MOST + 1) * REFILL }); // in place of the one before
    if (this.state.permits === 0) return this.state.refilledAt + REFILL - now;
    this.state.permits -= 1;
    return 0;
  }

  @Operation()
  forget(_none: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
}
