import type { MemoryObject } from '../../lib/memory/object-store.js';
import { withChanges } from '../../lib/wire/entity-state.js';
import type { StepEntry } from '../../lib/wire/record.js';
import { decodeStoredValue, withValues } from '../../lib/wire/value-references.js';
import type { Violation } from './instance-watch.js';

/** Large values as the object store has them at the moment, in place of the references that name them (P15). */
export class StoredValues {
  readonly #objects: ReadonlyMap<string, MemoryObject>;

  constructor(objects: ReadonlyMap<string, MemoryObject>) {
    this.#objects = objects;
  }

  /**
   * The same with its values, those of what is prepared and planned, and a state with its changes; what names a value that is not
   * there is a violation.
   */
  whole<T extends object>(item: T, violation: Violation): T {
    let isThere = true;
    const filled: T & { readonly prepared?: object; readonly planned?: readonly object[] } = withValues(
      item,
      (reference) => {
        const object = this.#objects.get(reference.key);
        if (object) return decodeStoredValue(object.body, reference);
        violation(`P15: ${reference.key} is named and not stored`);
        isThere = false;
        return null;
      },
    );
    const { prepared, planned } = filled;
    const whole = {
      ...filled,
      ...(prepared && { prepared: this.whole(prepared, violation) }),
      ...(planned && { planned: planned.map((each) => this.whole(each, violation)) }),
    };
    return isThere ? withChanges(whole) : whole;
  }

  step(step: StepEntry, violation: Violation): StepEntry {
    const { events, buffered, returned, scheduled } = step;
    const all = <E extends object>(items: readonly E[]): readonly E[] =>
      items.map((item) => this.whole(item, violation));
    return {
      ...this.whole(step, violation),
      ...(events && { events: all(events) }),
      ...(buffered && { buffered: all(buffered) }),
      ...(returned && { returned: all(returned) }),
      ...(scheduled && { scheduled: this.whole(scheduled, violation) }),
    };
  }
}
