import { describe, expect, it } from 'vitest';
import type { Pod, PodSpec } from '../schema/generated/types.ts';
import { checkPodUpdate } from './validation-pod-update.ts';

const pod = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
const findings = (now: Partial<PodSpec>, before: Partial<PodSpec>) => checkPodUpdate(pod(now), pod(before), '').map(({ path }) => path);
const gates = [{ name: 'a' }, { name: 'b' }];
const nodeAffinity = (...values: string[]) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: values.map((value) => ({ key: 'k', operator: 'In', values: [value] })) }],
    },
  },
});

describe('a pod with scheduling gates', () => {
  it('loses them one by one or all at once, and gets none', () => {
    expect(findings({ schedulingGates: [{ name: 'b' }] }, { schedulingGates: gates })).toEqual([]);
    expect(findings({}, { schedulingGates: gates })).toEqual([]);
    expect(findings({ schedulingGates: [{ name: 'c' }] }, { schedulingGates: gates })).toEqual(['spec.schedulingGates[0].name']);
    expect(findings({ schedulingGates: gates }, {})).not.toEqual([]);
  });

  it('may still ask for less of the nodes', () => {
    expect(findings({ schedulingGates: gates, nodeSelector: { a: 'b' } }, { schedulingGates: gates })).toEqual([]);
    expect(findings({ schedulingGates: gates, affinity: nodeAffinity('x') }, { schedulingGates: gates })).toEqual([]);
    const before = { schedulingGates: gates, affinity: nodeAffinity('x') };
    expect(findings({ ...before, affinity: nodeAffinity('x', 'y') }, before)).toEqual([]);
    expect(findings({ ...before, affinity: nodeAffinity('y') }, before)).not.toEqual([]);
    expect(
      findings(
        {
          ...before,
          affinity: { ...before.affinity, podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k' }] } },
        },
        before,
      ),
    ).toEqual(['spec']);
  });
});
