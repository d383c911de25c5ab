import { Entity, Operation } from 'perdure/decorators';

export interface Summary {
  readonly readings: number;
  readonly lowest: number;
  readonly highest: number;
  readonly mean: number;
}

/** What many senders tell of one thing, brought together: one entity for each place. */
@Entity('sensor')
export class Sensor {
  state = { readings: 0, sum: 0, lowest: 0, highest: 0 };

  @Operation()
  report(degrees: number): void {
    const { readings, lowest, highest } = this.state;
    this.state.lowest = readings === 0 ? degrees : Math.min(lowest, degrees);
    this.state.highest = readings === 0 ? degrees : Math.max(highest, degrees);
    this.state.readings += 1;
    this.state.sum += degrees;
  }

  @Operation({ readonly: true })
  summary(): Summary {
    const { readings, sum, lowest, highest } = this.state;
    return { readings, lowest, highest, mean: readings === 0 ? 0 : sum / readings };
  }
}
