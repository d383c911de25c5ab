import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/** The name that Node.js checks a certificate for when the client library has connected to an address without a name. */
const NAMELESS = 'localhost';

/**
 * Checks the certificate of a server that is named by its IP address, which the client library does not tell Node.js: it
 * has to be for one of the addresses that were given. Undefined: there are none, and names are checked as ever.
 */
export function identityOfAddresses(
  servers: readonly string[],
): ((name: string, certificate: PeerCertificate) => Error | undefined) | undefined {
  const hosts = servers.map((server) => new URL(`nats://${server}`).hostname.replace(/^\[(.*)\]$/, '$1'));
  const addresses = hosts.filter((host) => isIP(host) > 0);
  if (addresses.length === 0) return undefined;
  return (name, certificate) => {
    if (name !== NAMELESS || hosts.includes(NAMELESS)) return checkServerIdentity(name, certificate);
    const refusals = addresses.map((address) => checkServerIdentity(address, certificate));
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
}
