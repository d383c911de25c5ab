import type { OrchestrationHandle } from '../client/orchestration-handle.js';
import { hasEnded } from '../client/orchestration-status.js';
import type { HttpManagementPayload } from './management-urls.js';
import { json } from './route.js';
import { statusAfterWait, type Service } from './service.js';
import { statusBody } from './status-body.js';

/** Where to look for the end of an instance, and when. */
export function checkStatusResponse(payload: HttpManagementPayload): Response {
  return json(payload, 202, { location: payload.statusQueryGetUri, 'retry-after': '10' });
}

/** The same as the API itself answers: without the URL to rewind. */
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
  if (!hasEnded(status)) return startedResponse(service, service.origin(request), handle.instanceId);
  if (status.runtimeStatus === 'Completed') return json(status.output);
  return json(statusBody(status, true), status.runtimeStatus === 'Failed' ? 500 : 200);
}
