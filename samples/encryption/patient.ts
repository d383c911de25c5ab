import { OrchestrationContext, type Orchestration } from 'perdure';
import { Activity, Entity, Operation, Orchestrator, Run } from 'perdure/decorators';

@Entity('patient')
export class Patient {
  state: { findings: string[] } = { findings: [] };
  @Operation() add(finding: string): number {
    return this.state.findings.push(finding);
  }
}

export class Laboratory {
  @Activity() analyse(sample: string): string {
    return `${sample}: nothing found`;
  }
}

@Orchestrator('examination')
export class Examination {
  @Run() *run(sample: string, ctx: OrchestrationContext): Orchestration<string> {
    const finding = yield* ctx.callActivity(Laboratory).analyse(sample);
    yield* ctx.callEntity(Patient, 'p-17').add(finding);
    return finding;
  }
}
