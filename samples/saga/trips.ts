import { Activity } from 'perdure/decorators';

/** Three systems of others. To cancel what was never booked is no error: that is what lets a saga undo any step. */
export class Trips {
  @Activity({ name: 'trips.book' })
  async book(what: string): Promise<string> {
    if (what === 'a car') throw new Error('no car is free');
    console.log(`  booked ${what}`);
    return `${what}: booked`;
  }

  @Activity({ name: 'trips.cancel' })
  async cancel(what: string): Promise<void> {
    console.log(`  cancelled ${what}`);
  }
}
