import type { HubPorts } from '../../lib/engine/ports.js';

/** The hub's ports but for some; the limit of messages is what it is when somebody asks. */
export function changed(ports: HubPorts, changes: Partial<HubPorts>): HubPorts {
  return {
    ...ports,
    get maxBodyBytes() {
      return ports.maxBodyBytes;
    },
    ...changes,
  };
}
