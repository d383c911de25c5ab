import { OrchestrationContext, Saga, type Orchestration } from 'perdure';
import { Orchestrator, Run } from 'perdure/decorators';
import { Trips } from './trips.js';

/** Books everything, or nothing: when a step fails, those before it are undone. */
@Orchestrator('book-trip')
export class BookTrip {
  @Run({ input: [String] })
  *run(parts: string[], ctx: OrchestrationContext): Orchestration<string[]> {
    const saga = new Saga();
    const booked: string[] = [];
    try {
      for (const part of parts) {
        saga.add(() => ctx.callActivity(Trips).cancel(part)); // before the step: a failed one may have had its effect
        booked.push(yield* ctx.callActivity(Trips).book(part));
      }
      return booked;
    } catch (error) {
      yield* saga.compensate(); // the last one first
      throw error;
    }
  }
}
