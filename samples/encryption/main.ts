import { createHash } from 'node:crypto';
import { connectTaskHub, TaskHubClient, TaskHubWorker } from 'perdure';
import { AesGcm } from './aes-gcm.js';
import { Examination, Laboratory, Patient } from './patient.js';

// Yours come from where you keep secrets.
const keys = { k1: createHash('sha256').update('not a secret').digest() };
const options = { name: 'encryption', servers: process.env['NATS_URL'] };

{
  await using hub = await connectTaskHub({ ...options, payloadCodec: new AesGcm(keys, 'k1') });
  await using _worker = await TaskHubWorker.start(hub, {
    entities: [Patient],
    orchestrators: [Examination],
    activities: [new Laboratory()],
  });
  await using client = new TaskHubClient(hub);
  const examination = await client.startNew(Examination, 'blood of p-17', { tags: { ward: 'north' } });
  console.log(await examination.result());
  const { entityState } = await client.readEntityState(Patient, 'p-17');
  console.log(`findings: ${entityState?.findings.length}`);
}

// Another key, and the former one for what it has encrypted.
const rotated = new AesGcm({ ...keys, k2: createHash('sha256').update('nor is this').digest() }, 'k2');
await using hub = await connectTaskHub({ ...options, payloadCodec: rotated });
await using _worker = await TaskHubWorker.start(hub, { entities: [Patient] });
await using client = new TaskHubClient(hub);
console.log(`with the next key: ${await client.callEntity(Patient, 'p-17').add('all well')}`);
console.log(`examinations of ward north: ${(await client.countInstances({ tags: { ward: 'north' } })).total}`);
