import { InvalidIdError, PayloadTooLargeError } from '../../lib/errors.js';
import { subjectsOf } from '../../lib/wire/subjects.js';
import { all, bytes, type Check, Inbox, text } from './harness.js';

/** What holds of a mail stream. */
export function mailboxContract(check: Check): void {
  check('mailbox: messages sent before and after come in order, each once', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    for (let at = 1; at <= 3; at++) t.is(await settle(mailbox.send(subject, bytes(`${at}`))), at);
    const inbox = new Inbox(mailbox, 1);
    await settle(inbox.count(3));
    const later = Array.from({ length: 50 }, (_, at) => mailbox.send(subject, bytes(`${at + 4}`)));
    await settle(Promise.all(later));
    await settle(inbox.count(53));
    const numbers = Array.from({ length: 53 }, (_, at) => at + 1);
    t.deepEqual(inbox.sequences, numbers);
    t.deepEqual(inbox.texts, numbers.map(String));
    t.true(inbox.messages.every((message) => message.subject === subject && message.time > 0));
    t.deepEqual(inbox.gaps, []);
    inbox.close();
  });

  check('mailbox: consumption begins at the sequence asked for', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const names = subjectsOf(hub).partition(0);
    await settle(mailbox.send(names.mail('o.a'), bytes('1')));
    await settle(mailbox.send(names.mail('e.counter.a'), bytes('2')));
    const second = new Inbox(mailbox, 2);
    const third = new Inbox(mailbox, 3);
    await settle(second.count(1));
    await settle(mailbox.send(names.envelopes, bytes('3')));
    await settle(Promise.all([second.count(2), third.count(1)]));
    t.deepEqual([second.texts, third.texts], [['2', '3'], ['3']]);
    t.deepEqual([second.gaps, third.gaps], [[], []]);
    second.close();
    third.close();
  });

  check('mailbox: what is stored is read from a sequence on, and goes on being delivered', async (t, harness) => {
    const { mailbox } = harness.ports(0);
    const read = async (from: number) => (await harness.settle(all(mailbox.read(from)))).map(text);
    t.deepEqual(await read(1), []);
    const subject = subjectsOf(harness.hub).partition(0).mail('o.a');
    for (let at = 1; at <= 40; at++) await harness.settle(mailbox.send(subject, bytes(`${at}`)));
    t.deepEqual(await read(38), ['38', '39', '40']);
    t.deepEqual(await read(41), []);
    await harness.settle(mailbox.purgeBelow(39));
    t.deepEqual(await read(1), ['39', '40']);
    const inbox = new Inbox(mailbox, 39);
    await harness.settle(inbox.count(2));
    t.deepEqual(inbox.texts, ['39', '40']);
    inbox.close();
  });

  check('mailbox: the next batch waits for the promise of the one before', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    const batches: number[][] = [];
    let started = (): void => {};
    let release = (): void => {};
    const isStarted = new Promise<void>((resolve) => (started = resolve));
    const isReleased = new Promise<void>((resolve) => (release = resolve));
    const subscription = mailbox.consume(
      1,
      (batch) => {
        batches.push(batch.map((message) => message.sequence));
        started();
        return batches.length === 1 ? isReleased : Promise.resolve();
      },
      { onGap: () => t.fail(), onRegressed: () => t.fail() },
    );
    await settle(mailbox.send(subject, bytes('1')));
    await settle(isStarted);
    const witness = new Inbox(mailbox, 1);
    await settle(mailbox.send(subject, bytes('2')));
    await settle(witness.count(2));
    t.deepEqual(batches, [[1]]);
    release();
    await settle(mailbox.send(subject, bytes('3')));
    await settle(witness.count(3));
    const after = new Inbox(mailbox, 1);
    await settle(after.count(3));
    t.deepEqual(batches.flat(), [1, 2, 3]);
    subscription.close();
    witness.close();
    after.close();
  });

  check('mailbox: nothing comes after it was closed', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    const [closed, open] = [new Inbox(mailbox, 1), new Inbox(mailbox, 1)];
    await settle(mailbox.send(subject, bytes('1')));
    await settle(Promise.all([closed.count(1), open.count(1)]));
    closed.close();
    await settle(mailbox.send(subject, bytes('2')));
    await settle(open.count(2));
    t.deepEqual(closed.texts, ['1']);
    open.close();
  });

  check('mailbox: many large messages come whole', async (t, { hub, ports, settle }) => {
    const { mailbox, maxBodyBytes } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    for (let at = 0; at < 6; at++) await settle(mailbox.send(subject, new Uint8Array(maxBodyBytes).fill(at)));
    const inbox = new Inbox(mailbox, 1);
    await settle(inbox.count(6));
    t.deepEqual(inbox.sequences, [1, 2, 3, 4, 5, 6]);
    t.true(inbox.messages.every(({ body, sequence }) => body.length === maxBodyBytes && body[7] === sequence - 1));
    inbox.close();
  });

  check('mailbox: P3: a purged range is told as a gap and skipped', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    t.deepEqual(await settle(mailbox.bounds()), { first: 1, last: 0 });
    for (let at = 1; at <= 5; at++) await settle(mailbox.send(subject, bytes(`${at}`)));
    t.deepEqual(await settle(mailbox.bounds()), { first: 1, last: 5 });
    await settle(mailbox.purgeBelow(4));
    t.deepEqual(await settle(mailbox.bounds()), { first: 4, last: 5 });
    const [holed, whole] = [new Inbox(mailbox, 2), new Inbox(mailbox, 4)];
    await settle(Promise.all([holed.count(2), whole.count(2)]));
    t.deepEqual(
      [holed.texts, whole.texts],
      [
        ['4', '5'],
        ['4', '5'],
      ],
    );
    t.deepEqual([holed.gaps, whole.gaps], [[[2, 3]], []]);
    holed.close();
    whole.close();
  });

  check('mailbox: P3: a gap is told also when nothing follows it yet', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    for (let at = 1; at <= 3; at++) await settle(mailbox.send(subject, bytes(`${at}`)));
    await settle(mailbox.purgeBelow(4));
    const gap = new Promise((resolve) => {
      mailbox.consume(2, () => Promise.resolve(), { onGap: (...range) => resolve(range), onRegressed: () => t.fail() });
    });
    t.deepEqual(await settle(gap), [2, 3]);
  });

  check('mailbox: P12: a stream that ends before what follows is told as one that went back', async (t, around) => {
    const { mailbox } = around.ports(0);
    const subject = subjectsOf(around.hub).partition(0).mail('o.a');
    for (let at = 1; at <= 2; at++) await around.settle(mailbox.send(subject, bytes(`${at}`)));
    const regressed = new Promise((resolve) => {
      const onRegressed = (sequence: number, expected: number): void => resolve([sequence, expected]);
      mailbox.consume(5, async () => t.fail(), { onGap: () => t.fail(), onRegressed });
    });
    t.deepEqual(await around.settle(regressed), [3, 5]);
  });

  check('mailbox: the time of what is not there is none', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    await settle(mailbox.send(subjectsOf(hub).partition(0).mail('o.a'), bytes('1')));
    for (const sequence of [0, 2]) t.is(await settle(mailbox.timeOf(sequence)), undefined);
    t.is(typeof (await settle(mailbox.timeOf(1))), 'number');
  });

  check('mailbox: a message id that could not travel is refused', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    for (const id of ['', 'a b', 'a\r\nNats-Rollup: all', 'é', 'a'.repeat(257)])
      await t.throwsAsync(settle(mailbox.send(subject, bytes('1'), id)), { instanceOf: InvalidIdError });
    t.is(await settle(mailbox.send(subject, bytes('1'), 'a'.repeat(256))), 1);
  });

  check('mailbox: a purge of everything leaves the numbering as it is', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    for (let at = 1; at <= 3; at++) await settle(mailbox.send(subject, bytes(`${at}`)));
    await settle(mailbox.purgeBelow(1_000));
    t.deepEqual(await settle(mailbox.bounds()), { first: 4, last: 3 });
    const inbox = new Inbox(mailbox, 4);
    t.is(await settle(mailbox.send(subject, bytes('4'))), 4);
    await settle(inbox.count(1));
    t.deepEqual([inbox.texts, inbox.gaps], [['4'], []]);
    inbox.close();
  });

  check(
    'mailbox: it forgets all and goes on at a sequence far behind its last one',
    async (t, { hub, ports, settle }) => {
      const { mailbox } = ports(0);
      const subject = subjectsOf(hub).partition(0).mail('o.a');
      for (let at = 1; at <= 3; at++) await settle(mailbox.send(subject, bytes(`${at}`)));
      t.is(await settle(mailbox.restartAt(1_000_000_004)), 3);
      t.deepEqual(await settle(mailbox.bounds()), { first: 1_000_000_004, last: 1_000_000_003 });
      const inbox = new Inbox(mailbox, 1_000_000_004);
      t.is(await settle(mailbox.send(subject, bytes('4'))), 1_000_000_004);
      t.is(await settle(mailbox.restartAt(1_000_000_004)), 0, 'what is there is not forgotten by a second one');
      await settle(inbox.count(1));
      t.deepEqual([inbox.texts, inbox.gaps], [['4'], []]);
      inbox.close();
    },
  );

  check('mailbox: a second message with an id is a copy of the first', async (t, { hub, ports, settle }) => {
    const { mailbox } = ports(0);
    const subject = subjectsOf(hub).partition(0).mail('o.a');
    t.is(await settle(mailbox.send(subject, bytes('a'), 'id-a')), 1);
    t.is(await settle(mailbox.send(subject, bytes('a'), 'id-a')), 1);
    t.is(await settle(mailbox.send(subject, bytes('b'), 'id-b')), 2);
    t.is(await settle(mailbox.send(subject, bytes('b'))), 3);
    const inbox = new Inbox(mailbox, 1);
    await settle(inbox.count(3));
    t.deepEqual(inbox.texts, ['a', 'b', 'b']);
    inbox.close();
  });

  check('dead letters: a letter is kept, and a second with its id is a copy', async (t, { hub, ports, settle }) => {
    const { deadLetters } = ports(0);
    const subject = subjectsOf(hub).partition(0).deadLetters;
    t.is(await settle(deadLetters.send(subject, bytes('a'), 'id-a')), 1);
    t.is(await settle(deadLetters.send(subject, bytes('a'), 'id-a')), 1);
    const other = subjectsOf(hub).partition(1).deadLetters;
    t.is(await settle(ports(1).deadLetters.send(other, bytes('b'), 'id-b')), 2);
  });

  check('mailbox: mail for another partition arrives there and nowhere else', async (t, { hub, ports, settle }) => {
    const subject = subjectsOf(hub).partition(1).mail('o.b');
    t.is(await settle(ports(0).mailOf(1).send(subject, bytes('b'))), 1);
    const inbox = new Inbox(ports(1).mailbox, 1);
    await settle(inbox.count(1));
    t.deepEqual(inbox.texts, ['b']);
    t.deepEqual(await settle(ports(0).mailbox.bounds()), { first: 1, last: 0 });
    inbox.close();
  });

  check('mailbox: a body larger than the largest is refused with a text', async (t, { hub, ports, settle }) => {
    const { mailbox, maxBodyBytes } = ports(0);
    const sent = mailbox.send(subjectsOf(hub).partition(0).mail('o.a'), new Uint8Array(maxBodyBytes + 1));
    await t.throwsAsync(settle(sent), { instanceOf: PayloadTooLargeError });
    t.deepEqual(await settle(mailbox.bounds()), { first: 1, last: 0 });
  });
}
