import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { WatchItem } from '../registry/watch.ts';
import { type EventWriter, WatchBatches } from './watch-batches.ts';

const object = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const cached = (name: string, length = 20) => ({
  key: `/registry/core/configmaps/n/${name}`,
  revision: 1,
  createRevision: 1,
  bytes: Buffer.alloc(length, name),
  object: object(name),
});
const seen = (item: ReturnType<typeof cached>, type: 'ADDED' | 'MODIFIED' = 'MODIFIED'): WatchItem => ({ type, item });

function counting(): { write: EventWriter; written: () => number } {
  let written = 0;
  const write: EventWriter = (item) => {
    written += 1;
    return 'item' in item ? [Buffer.from(`${item.type} `), item.item.bytes, Buffer.from('\n')] : [Buffer.from('bookmark\n')];
  };
  return { write, written: () => written };
}

describe('batches of watch events', () => {
  it('are chunks of whole events, with the size of each', () => {
    const { pieces, sizes } = new WatchBatches().of('json', [seen(cached('a')), seen(cached('b'))], counting().write);
    expect(sizes).toEqual([30, 30]);
    expect(pieces.map(({ bytes }) => bytes.toString())).toEqual([`MODIFIED ${'a'.repeat(20)}\nMODIFIED ${'b'.repeat(20)}\n`]);
    expect(pieces.map(({ chunk }) => chunk.toString())).toEqual([`3c\r\n${pieces[0]?.bytes}\r\n`]);
  });

  it('are written once for all watchers that are told the same', () => {
    const batches = new WatchBatches();
    const { write, written } = counting();
    const [a, b] = [cached('a'), cached('b')];
    const first = batches.of('json', [seen(a), seen(b)], write);
    expect(batches.of('json', [seen(a), seen(b)], write).pieces[0]).toBe(first.pieces[0]);
    expect(written()).toBe(2);
  });

  it('are others for another form, type, revision or number of events', () => {
    const batches = new WatchBatches();
    const { write, written } = counting();
    const a = cached('a');
    batches.of('json', [seen(a)], write);
    for (const [form, items] of [
      ['protobuf', [seen(a)]],
      ['json', [seen(a, 'ADDED')]],
      ['json', [seen(cached('a'))]],
      ['json', [seen(a), seen(a)]],
      [null, [seen(a)]],
    ] as const) {
      const before = written();
      batches.of(form, items, write);
      expect(written() - before, `${form} ${items.length}`).toBe(items.length);
    }
  });

  it('are never shared when a bookmark is among them', () => {
    const batches = new WatchBatches();
    const { write, written } = counting();
    const bookmark: WatchItem = { type: 'BOOKMARK', object: object('') };
    for (let i = 0; i < 2; i += 1) batches.of('json', [bookmark], write);
    expect(written()).toBe(2);
  });

  it('are cut between events when they are large, and hold an event that is larger whole', () => {
    const items = [seen(cached('a', 40_000)), seen(cached('b', 40_000)), seen(cached('c', 100_000)), seen(cached('d'))];
    const { pieces, sizes } = new WatchBatches().of('json', items, counting().write);
    expect(pieces.map(({ bytes }) => bytes.length)).toEqual(sizes);
    expect(pieces.map(({ bytes }) => bytes.toString('latin1', 9, 10)).join('')).toBe('abcd');
  });
});
