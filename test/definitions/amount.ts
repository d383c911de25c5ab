import { IsInt } from 'class-validator';

/** Imported as a value and as a type by the tests: only the first leaves metadata. */
export class Amount {
  @IsInt() amount!: number;
}
