import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Orchestrator, Run } from 'perdure/decorators';

/** One orchestrator as three deployments have it. */

export class Shop {
  @Activity({ input: String }) pack(item: string): string {
    return `packed ${item}`;
  }
  @Activity({ input: String }) wrap(item: string): string {
    return `wrapped ${item}`;
  }
}

/** The code as it was deployed first, and is again in the end. */
@Orchestrator('parcel')
export class Parcel {
  @Run({ input: String }) *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    const packed = yield* ctx.callActivity(Shop).pack(item);
    const to = yield* ctx.waitForExternalEvent<string>('Address');
    return `${packed} to ${to}`;
  }
}

/** A deployment that does not go on with what was begun. */
@Orchestrator('parcel')
export class ChangedParcel {
  @Run({ input: String }) *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    const wrapped = yield* ctx.callActivity(Shop).wrap(item);
    const to = yield* ctx.waitForExternalEvent<string>('Address');
    return `${wrapped} to ${to}`;
  }
}

/** One that does. */
@Orchestrator('parcel')
export class PatchedParcel {
  @Run({ input: String }) *run(item: string, ctx: OrchestrationContext): Orchestration<string> {
    const shop = ctx.callActivity(Shop);
    const ready = yield* ctx.patched('wrap') ? shop.wrap(item) : shop.pack(item);
    const to = yield* ctx.waitForExternalEvent<string>('Address');
    return `${ready} to ${to}`;
  }
}

/** What is said of an instance of the first one that runs into the second. */
export const misfitOf = (key: string): RegExp =>
  new RegExp(
    `^Event 1 of the history says: TaskScheduled with id 0, name "pack", input "${key}"; the code now does: ` +
      `TaskScheduled with id 0, name "wrap", input "${key}"; they differ in name, asked for at .*parcels\\.[jt]s:\\d+:\\d+\\. `,
  );
