import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { apiVersionOf, resourceId } from '../../api/define.ts';
import { registry } from '../../api/index.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import { fakeApi } from '../fake-api.ts';

type Loose = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };
const cases = parse(readFileSync(new URL('./golden.yaml', import.meta.url), 'utf8')) as {
  input: Loose;
  output: Loose;
}[];

/** Without what differs from one time to the next. */
function timeless({ metadata, ...rest }: Loose): Loose {
  const { uid: _, creationTimestamp: __, resourceVersion: ___, managedFields: ____, ...kept } = metadata as ObjectMeta;
  const { clusterIP, clusterIPs, ...spec } = rest.spec ?? {};
  const addresses = clusterIP === 'None' ? { clusterIP, clusterIPs } : {};
  const { lastPhaseTransitionTime: _____, ...status } = rest.status ?? {};
  return { ...rest, ...(rest.status && { status }), metadata: kept, ...(rest.spec && { spec: { ...spec, ...addresses } }) };
}

describe('new objects', () => {
  it('are compared for every kind that is stored', () => {
    const compared = new Set(cases.map(({ input }) => `${input.apiVersion} ${input.kind}`));
    const stored = registry.all.filter(({ persistence }) => persistence !== 'none');
    expect(stored.map((d) => `${apiVersionOf(d)} ${d.kind}`).filter((kind) => !compared.has(kind))).toEqual([]);
  });

  it.each(cases.map(({ input, output }, i) => [i, input.kind, input, output] as const))('%i: %s', async (_, __, input, output) => {
    const api = await fakeApi({ serviceCidrs: ['10.43.0.0/24'] });
    const definition = registry.all.find((d) => d.kind === input.kind && apiVersionOf(d) === input.apiVersion);
    if (!definition) throw new Error(`no kind ${input.kind}`);
    const place = definition.scope === 'Namespaced' ? { namespace: 'default' } : {};
    const { apiVersion, kind } = input;
    const made = timeless(await api.call<Loose>('create', resourceId(definition), { ...place, body: input, version: definition.version }));
    expect(made).toEqual({ apiVersion, kind, ...output });
  });
});
