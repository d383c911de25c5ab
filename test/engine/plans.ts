import { EntityContext, OrchestrationContext, type Orchestration } from 'perdure';
import { Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

/** Notes what comes, and when; sets reminders and sends signals of times. */
@Entity('diary')
export class Diary {
  state = { notes: [] as string[] };

  @Operation({ input: String }) note(text: string, ctx: EntityContext): void {
    this.state.notes.push(`${text} ${ctx.currentUtcDateTime.getTime()}`);
  }
  @Operation({ input: Number }) noteLater(wait: number, ctx: EntityContext): void {
    ctx.signalEntity(Diary, ctx.entityId.key, { signalAt: wait }).note('self');
    ctx.signalEntity(Diary, 'other', { signalAt: new Date(ctx.currentUtcDateTime.getTime() + wait) }).note('sent');
    ctx.signalEntity('diary', 'other', 'note', 'by name', { signalAt: wait });
  }
  @Operation({ input: Number }) noteLaterThenThrow(wait: number, ctx: EntityContext): void {
    this.noteLater(wait, ctx);
    ctx.setReminder('note', { input: 'never', everyInMilliseconds: 100 });
    ctx.startNew('never');
    ctx.raiseEvent('never', 'never');
    throw new Error('not so');
  }
  @Operation({ input: Number }) remind(every: number, ctx: EntityContext): string[] {
    ctx.setReminder('tick', { operation: 'note', input: 'tick', everyInMilliseconds: every });
    ctx.setReminder('note', { input: 'once', firstTime: 2 * every });
    return ctx.reminders.map(({ name }) => name);
  }
  @Operation({ input: String }) forget(name: string, ctx: EntityContext): boolean {
    return ctx.cancelReminder(name);
  }
  @Operation() burn(_: void, ctx: EntityContext): void {
    ctx.deleteState();
  }
  @Operation() lose(): void {
    this.state = undefined as never;
  }
  @Operation() fail(): void {
    throw new Error('always');
  }
  @Operation({ input: Number }) failOften(every: number, ctx: EntityContext): void {
    ctx.setReminder('fail', { everyInMilliseconds: every });
    ctx.setReminder('stop', { operation: 'stopFailing', firstTime: 10 * every });
  }
  @Operation() stopFailing(_: void, ctx: EntityContext): void {
    this.state.notes.push(String(ctx.reminders.map(({ name }) => name)));
    ctx.cancelReminder('fail');
  }
  @Operation({ input: String }) begin(instanceId: string, ctx: EntityContext): string {
    ctx.raiseEvent(instanceId, 'word', 'early');
    const id = ctx.startNew(Listener, 'hello', { instanceId, tags: { by: ctx.entityId.key } });
    ctx.raiseEvent(instanceId, 'word', 'late');
    return id;
  }
  @Operation() beginAny(_: void, ctx: EntityContext): string {
    return ctx.startNew('listener', 'x');
  }
  @Operation({ input: Number }) async callLater(wait: number, ctx: EntityContext): Promise<void> {
    await Promise.resolve();
    ctx.setReminder('callNow', { firstTime: wait });
  }
  @Operation() async callNow(_: void, ctx: EntityContext): Promise<void> {
    runs.push(ctx.entityId.key);
    await ctx.callEntity(Diary, 'called').note('called');
    this.state.notes.push('was told');
  }
}

/** Begins of `callNow`. */
export const runs: string[] = [];

/** Gathers two words, and signals a diary at a time. */
@Orchestrator('listener')
export class Listener {
  @Run() *run(greeting: string, ctx: OrchestrationContext): Orchestration<string[]> {
    const words = [greeting];
    ctx.signalEntity(Diary, 'of a listener', { signalAt: 5_000 }).note('from a listener');
    for (let i = 0; i < 2; i++) words.push(yield* ctx.waitForExternalEvent<string>('word'));
    return words;
  }
}
