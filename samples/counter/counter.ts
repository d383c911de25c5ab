import { IsInt } from 'class-validator';
import { Entity, Operation } from 'perdure/decorators';

export class Step {
  @IsInt() by!: number;
}

/** An entity: one object a key, its state durable, its operations one at a time. */
@Entity('counter')
export class Counter {
  state = { value: 0 };

  @Operation()
  add({ by }: Step): number {
    return (this.state.value += by);
  }

  @Operation({ readonly: true })
  get(): number {
    return this.state.value;
  }
}
