import { CommanderError, InvalidArgumentError } from 'commander';
import { PerdureError } from '../errors.js';
import { CommandError, exitCodeOf, exitCodes } from './exit-codes.js';
import { program } from './program.js';
import { harmless } from './text.js';

/** Runs a command, and tells its exit code once it has ended. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    if (error instanceof PerdureError) return refuse(args, exitCodeOf(error), error.message, error.code);
    if (error instanceof CommandError) return refuse(args, error.exitCode, error.message);
    if (error instanceof InvalidArgumentError) return refuse(args, exitCodes.wrongUsage, error.message);
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage; // commander has said it
  }
}

function refuse(args: readonly string[], exitCode: number, message: string, code?: string): number {
  const operands = args.indexOf('--');
  const isJson = args.slice(0, operands < 0 ? undefined : operands).includes('--json');
  const text = isJson
    ? JSON.stringify({ error: { ...(code !== undefined && { code }), message } })
    : `${code ?? 'error'}: ${message.split('\n').map(harmless).join('\n')}`;
  process.stderr.write(`${text}\n`);
  return exitCode;
}
