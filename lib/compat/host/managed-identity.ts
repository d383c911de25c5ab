import { ConfigError } from '../../errors.js';
import type { TokenSource } from '../../worker/http-requests.js';

const API_VERSION = '2019-08-01';

/** Gives the tokens of the managed identity that Azure has given the app: as its environment says where to ask. */
export const managedIdentity: TokenSource = async ({ resource = '', signal }) => {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = process.env;
  if (!endpoint || !header)
    throw new ConfigError(
      'ManagedIdentityTokenSource: there is no managed identity here. It needs IDENTITY_ENDPOINT and IDENTITY_HEADER, as Azure sets them.',
    );
  const url = new URL(endpoint);
  url.searchParams.set('resource', resource);
  url.searchParams.set('api-version', API_VERSION);
  const answer = await fetch(url, { headers: { 'x-identity-header': header }, signal });
  if (!answer.ok) throw new ConfigError(`ManagedIdentityTokenSource: ${endpoint} answers ${answer.status}.`);
  const { access_token: token } = (await answer.json()) as { readonly access_token: string };
  return token;
};
