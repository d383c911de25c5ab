export {
  nodeHandler,
  serveHttpApi,
  type HttpApiServer,
  type ListenOptions,
  type NodeHandler,
} from './node-listener.js';
