import type { EntityContext } from '../../lib/index.js';
import { Account } from './classes.js';
import { exactly } from './exactly.js';

/** What an operation of an entity says to other entities. */
export async function results(ctx: EntityContext): Promise<void> {
  exactly<Promise<number>>()(ctx.callEntity(Account, 'a').deposit({ amount: 1 }), true);
  exactly<Promise<unknown>>()(ctx.callEntity('account', 'a', 'deposit', { amount: 1 }), true);
  exactly<Promise<string>>()(ctx.callEntity<string>('account', 'a', 'deposit'), true);
  exactly<void>()(ctx.signalEntity(Account, 'a').deposit({ amount: 1 }), true);
  exactly<number>()(await ctx.callEntity(Account, 'a').deposit({ amount: 1 }), true);
}

export async function mistakes(ctx: EntityContext): Promise<void> {
  // @ts-expect-error: the amount is a number
  await ctx.callEntity(Account, 'a').deposit({ amount: 'one' });
  // @ts-expect-error: the input is missing
  await ctx.callEntity(Account, 'a').deposit();
  // @ts-expect-error: there is no such operation
  await ctx.callEntity(Account, 'a').opens();
  // @ts-expect-error: the state is not to be had from outside
  void ctx.callEntity(Account, 'a').state;
}
