import { Length } from 'class-validator';
import { Amount } from './account.js';

/** What a transfer needs. Its rules are checked by the client before sending, and again before the orchestrator runs. */
export class TransferRequest extends Amount {
  @Length(1, 64) from!: string;
  @Length(1, 64) to!: string;
}
