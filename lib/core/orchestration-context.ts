/** An orchestrator's door to everything outside it. */
export abstract class OrchestrationContext {
  abstract readonly instanceId: string;
}
