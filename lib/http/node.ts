export { nodeHandler, serveHttpApi, type ListenOptions, type NodeHandler } from './node-listener.js';
export type { HttpApiServer } from './node-server.js';
