import { beforeEach, describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { type AuditWebhookOptions, auditWebhook } from './audit-webhook.ts';
import { type AuditBackend, allBackends, EVENT_HEAD } from './backend.ts';
import { truncated } from './truncated.ts';

const event = (id: string, rest = '') => `${EVENT_HEAD}"level":"Request","auditID":"${id}"${rest}}`;
const SECOND = 1000;

let clock: FakeClock;
let received: { auditID: string }[][];
let refusals: number;
beforeEach(() => {
  clock = fakeClock();
  received = [];
  refusals = 0;
});
const ids = () => received.map((items) => items.map(({ auditID }) => auditID).join(''));

function open({ batch, ...options }: Partial<Omit<AuditWebhookOptions, 'batch'>> & { batch?: Partial<AuditWebhookOptions['batch']> } = {}) {
  const postText = async (_: unknown, { body }: { body: string }) => {
    const list = JSON.parse(body);
    expect(list).toMatchObject({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1' });
    if (refusals > 0) {
      refusals -= 1;
      throw new OutboundError('Unreachable', 'Post "https://x/": EOF');
    }
    received.push(list.items);
  };
  return auditWebhook({
    endpoint: { target: { url: 'https://x/' } },
    mode: 'batch',
    batch: { bufferSize: 4, maxEvents: 2, maxBytes: 1000, maxWaitMs: 30 * SECOND, ...batch },
    initialBackoffMs: 10 * SECOND,
    outbound: { postText },
    clock,
    random: () => 0.5,
    log: silentLogger,
    ...options,
  });
}

describe('the audit webhook', () => {
  it('gets lists of events, which do not say what they are', async () => {
    open({ batch: { maxEvents: 1 } }).write(event('a', ',"stage":"Panic"'));
    await clock.advance(0);
    expect(received).toEqual([[{ level: 'Request', auditID: 'a', stage: 'Panic' }]]);
  });

  it('gets a batch when it is full, or when it has waited long enough', async () => {
    const webhook = open();
    for (const id of 'abc') expect(webhook.write(event(id))).toBeUndefined();
    await clock.advance(0);
    expect(ids()).toEqual(['ab']);
    await clock.advance(29 * SECOND);
    expect(ids()).toEqual(['ab']);
    await clock.advance(SECOND);
    expect(ids()).toEqual(['ab', 'c']);
  });

  it('gets no batch of more bytes than it is told, but for an event alone', async () => {
    const webhook = open({ batch: { maxBytes: 200, maxEvents: 3 } });
    for (const id of ['a', 'b', 'c'.repeat(300)]) webhook.write(event(id));
    await clock.advance(60 * SECOND);
    expect(ids()).toEqual(['ab', 'c'.repeat(300)]);
  });

  it('gets as many batches as it is told; events that no longer fit are lost', async () => {
    const webhook = open({ batch: { throttle: { perSecond: 1, burst: 1 } } });
    for (const id of 'abcdefghij') webhook.write(event(id));
    await clock.advance(0);
    expect(ids()).toEqual(['ab']);
    await clock.advance(2 * SECOND);
    expect(ids()).toEqual(['ab', 'cd', 'ef']);
    expect(webhook.errors).toEqual({ webhook: 0, buffered: 2 });
    await clock.advance(30 * SECOND);
    expect(ids()).toEqual(['ab', 'cd', 'ef', 'gh']);
  });

  it('is asked five times, with longer and longer pauses', async () => {
    const webhook = open({ batch: { maxEvents: 1 } });
    refusals = 4;
    webhook.write(event('a'));
    await clock.advance((11 + 16.5 + 24.75) * SECOND);
    expect([refusals, ids()]).toEqual([0, []]);
    await clock.advance(37.125 * SECOND);
    expect(ids()).toEqual(['a']);
    refusals = 5;
    webhook.write(event('b'));
    await clock.advance(120 * SECOND);
    expect([refusals, ids(), webhook.errors]).toEqual([0, ['a'], { webhook: 1, buffered: 0 }]);
  });

  it('is asked once more, at once, for what is left when the server stops', async () => {
    const webhook = open({ batch: { maxEvents: 1 } });
    refusals = 1;
    webhook.write(event('a'));
    await clock.advance(SECOND);
    await webhook.close();
    expect(ids()).toEqual(['a']);
    webhook.write(event('b'));
    expect(webhook.errors).toEqual({ webhook: 0, buffered: 1 });
  });

  it('that blocks has each event before anybody goes on; only a strict one tells of failure', async () => {
    const blocking = open({ mode: 'blocking' });
    const strict = open({ mode: 'blocking-strict' });
    expect(await strict.write(event('a'))).toBe(true);
    refusals = 10;
    const waiting = Promise.all([blocking.write(event('b')), strict.write(event('c'))]);
    await clock.advance(120 * SECOND);
    expect(await waiting).toEqual([true, false]);
    expect([ids(), strict.errors]).toEqual([['a'], { webhook: 1 }]);
  });
});

describe('large audit events', () => {
  const large = `${EVENT_HEAD}"level":"Request","requestObject":{"a":"${'x'.repeat(200)}"},"annotations":{"k":"v"}}`;
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const inner: AuditBackend = { blocks: false, write, errors: { log: 3 }, close: async () => {} };

  it('lose what was asked and answered, and are lost when that does not help', () => {
    const backend = truncated(inner, { maxEventBytes: 150 });
    backend.write(event('a'));
    backend.write(large);
    backend.write(`${EVENT_HEAD}"level":"Metadata","requestURI":"${'x'.repeat(200)}"}`);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      JSON.parse(event('a')),
      { kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Request', annotations: { k: 'v', 'audit.k8s.io/truncated': 'true' } },
    ]);
    expect(lines[1]?.startsWith(EVENT_HEAD)).toBe(true);
    expect(backend.errors).toEqual({ log: 3, truncate: 1 });
  });
});

describe('several audit backends', () => {
  const backend = (answer: Promise<boolean> | undefined, errors: AuditBackend['errors']): AuditBackend => ({
    blocks: answer !== undefined,
    write: () => answer,
    errors,
    close: async () => {},
  });

  it('are all told, and speak as one', async () => {
    const log = backend(undefined, { log: 1, truncate: 1 });
    const both = allBackends([log, backend(Promise.resolve(false), { webhook: 1, truncate: 2 })]);
    expect([both.blocks, await both.write(event('a')), both.errors]).toEqual([true, false, { log: 1, webhook: 1, truncate: 3 }]);
    expect(allBackends([log]).write(event('a'))).toBeUndefined();
  });
});
