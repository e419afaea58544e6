import { expect, test } from 'vitest';
import { nodes } from '../api/index.ts';
import type { KubeList, KubeObject } from '../api/meta/object.ts';
import { fakeClock } from '../base/fake-clock.ts';
import type { Client } from './client.ts';
import type { Informer } from './informer.ts';
import { ReadYourWrites } from './read-your-writes.ts';

const node = (name: string, resourceVersion: string): KubeObject => ({ metadata: { name, uid: name, resourceVersion } });

/** A key that is in doubt of what became of a write to nodes, and then hears what the server has; its view may change meanwhile. */
async function settle(shown: readonly KubeObject[], listed: readonly KubeObject[], listVersion: string) {
  const view = { objects: shown, resourceVersion: String(Math.max(...shown.map((o) => Number(o.metadata?.resourceVersion)))) };
  const informer = {
    get: (key: string) => view.objects.find((o) => o.metadata?.name === key),
    list: () => view.objects,
    get resourceVersion() {
      return view.resourceVersion;
    },
  } as unknown as Informer;
  const writes = new ReadYourWrites(new Map([['nodes', informer]]), fakeClock());
  writes.observer('key').unsure(nodes, undefined);
  const list = { apiVersion: 'v1', kind: 'NodeList', metadata: { resourceVersion: listVersion }, items: [...listed] } satisfies KubeList;
  const client = { list: async () => list } as unknown as Pick<Client, 'list'>;
  await writes.settleDoubts('key', client, { signal: new AbortController().signal });
  return { view, isStale: () => writes.isStale('key') };
}

test('what the server has and the view lacks is waited for, and so is what the view has and the server has no more', async () => {
  const made = await settle([node('a', '1')], [node('a', '1'), node('b', '5')], '5');
  expect(made.isStale()).toBe(true);
  Object.assign(made.view, { objects: [node('a', '1'), node('b', '5')], resourceVersion: '5' });
  expect(made.isStale()).toBe(false);
  const gone = await settle([node('a', '1'), node('b', '2')], [node('a', '1')], '3');
  expect(gone.isStale()).toBe(true);
  Object.assign(gone.view, { objects: [node('a', '1')] });
  expect(gone.isStale()).toBe(false);
});

test('an answer that was under way for long says nothing of what was made since', async () => {
  const { isStale } = await settle([node('a', '1'), node('b', '7')], [node('a', '1')], '3');
  expect(isStale()).toBe(false);
});
