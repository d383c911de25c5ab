import { connectTaskHub, OrchestrationFailedError, TaskHubClient, TaskHubWorker } from 'perdure';
import { BookTrip } from './book-trip.js';
import { Trips } from './trips.js';

await using hub = await connectTaskHub({ name: 'saga', servers: process.env['NATS_URL'] });
await using _worker = await TaskHubWorker.start(hub, { orchestrators: [BookTrip], activities: [new Trips()] });
await using client = new TaskHubClient(hub);

for (const parts of [
  ['a hotel', 'a flight'],
  ['a hotel', 'a flight', 'a car'],
]) {
  const trip = await client.startNew(BookTrip, parts);
  try {
    console.log(`trip: ${(await trip.result()).length} bookings`);
  } catch (error) {
    if (!(error instanceof OrchestrationFailedError)) throw error;
    console.log(`no trip: ${error.failureDetails.cause?.message}`);
  }
}
