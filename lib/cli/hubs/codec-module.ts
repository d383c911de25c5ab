import { ConfigError } from '../../errors.js';
import { payloadOverhead, type PayloadCodec } from '../../nats/payload-codec.js';
import { moduleAt } from '../users-module.js';

/** The payload codec that the command line or the environment names, undefined: none. Throws ConfigError. */
export async function payloadCodecOf({
  codec = process.env['PERDURE_CODEC'],
}: {
  readonly codec?: string | undefined;
}): Promise<PayloadCodec | undefined> {
  if (codec === undefined || codec === '') return undefined;
  const { default: exported } = await moduleAt(codec, '--codec');
  if (typeof exported !== 'object' || exported === null)
    throw new ConfigError(`--codec: ${codec} has no payload codec as its default export.`);
  payloadOverhead(exported as PayloadCodec);
  return exported as PayloadCodec;
}
