import { checkStatusResponse, endResponse } from '../client/http-responses.js';
import type { OrchestrationHandle } from '../client/orchestration-handle.js';
import { hasEnded } from '../client/orchestration-status.js';
import { statusAfterWait, type Service } from './service.js';

/** Where to look for the end of an instance, as the API itself answers: without the URL to rewind. */
export async function startedResponse(service: Service, origin: string, instanceId: string): Promise<Response> {
  const { rewindPostUri: _, ...payload } = await service.urls.payload(origin, instanceId);
  return checkStatusResponse(payload);
}

/** What an instance returns, when it ends within a time; else where to look for that. */
export async function waitedResponse(
  service: Service,
  request: Request,
  handle: OrchestrationHandle,
  timeoutInMilliseconds: number,
): Promise<Response> {
  const status = await statusAfterWait(service, handle, timeoutInMilliseconds, request.signal);
  return hasEnded(status) ? endResponse(status) : startedResponse(service, service.origin(request), handle.instanceId);
}
