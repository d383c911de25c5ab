import { sha1 } from './sha1.js';

/** The namespace of Durable Functions' deterministic ids, 9e952958-5e33-4daf-827f-2fa12937b875. */
const namespace = [0x9e, 0x95, 0x29, 0x58, 0x5e, 0x33, 0x4d, 0xaf, 0x82, 0x7f, 0x2f, 0xa1, 0x29, 0x37, 0xb8, 0x75];

const utf8 = new TextEncoder();

/** The UUID of version 5 (RFC 9562) of a name in that namespace. */
export function uuidV5(name: string): string {
  const bytes = sha1(Uint8Array.from([...namespace, ...utf8.encode(name)])).slice(0, 16);
  const view = new DataView(bytes.buffer);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x50);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
