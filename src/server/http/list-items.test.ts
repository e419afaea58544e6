import { describe, expect, it } from 'vitest';
import { defineResource } from '../../api/define.ts';
import { deployments } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { bareList, listItems } from './list-items.ts';
import { joinParts } from './pieces.ts';

const item = (text: string) => ({
  bytes: Buffer.from(text),
  get object() {
    return JSON.parse(text) as KubeObject;
  },
});
function joined(...args: Parameters<typeof listItems>) {
  const parts = listItems(...args);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return JSON.parse(`[${joinParts(parts, length).toString()}]`) as object[];
}
const unparsed = (text: string) => ({
  bytes: Buffer.from(text),
  get object(): KubeObject {
    throw new Error('parsed');
  },
});

describe('items of a list', () => {
  it('of a kind of the server leave version and kind to the list, without being parsed', () => {
    const items = [
      unparsed('{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}'),
      unparsed('{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"b"},"spec":{}}'),
    ];
    expect(joined(deployments, items)).toEqual([{ metadata: { name: 'a' } }, { metadata: { name: 'b' }, spec: {} }]);
  });

  it('are taken from where they lie', () => {
    const text = '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}';
    const memory = Buffer.from(`before${text}after`);
    const lying = Object.assign(unparsed(''), { span: { memory, from: 6, length: text.length } });
    expect(joined(deployments, [lying, lying])).toEqual([{ metadata: { name: 'a' } }, { metadata: { name: 'a' } }]);
  });

  it('leave them away wherever they stand', () => {
    const text = '{"metadata":{"name":"a"},"kind":"Deployment","spec":{"kind":"x"},"apiVersion":"apps/v1"}';
    expect(joined(deployments, [item(text), item(text)])).toEqual([
      { metadata: { name: 'a' }, spec: { kind: 'x' } },
      { metadata: { name: 'a' }, spec: { kind: 'x' } },
    ]);
  });

  it('of a custom kind say both', () => {
    const widgets = defineResource({
      group: 'example.com',
      version: 'v1',
      kind: 'Widget',
      plural: 'widgets',
      scope: 'Namespaced',
      structural: {} as never,
    });
    const object = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } };
    expect(joined(widgets, [unparsed(JSON.stringify(object)), unparsed(JSON.stringify(object))])).toEqual([object, object]);
  });

  it('may be none', () => {
    expect(joined(deployments, [])).toEqual([]);
    const list = {
      apiVersion: 'v1',
      kind: 'PodList',
      metadata: { resourceVersion: '1' },
      items: [{ kind: 'Pod', metadata: { name: 'a' } }],
    };
    expect(bareList(list)).toEqual({ ...list, items: [{ metadata: { name: 'a' } }] });
  });
});
