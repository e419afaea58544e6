import { describe, expect, it } from 'vitest';
import { validateSchema } from './required.ts';

const lines = (object: object, schema: string) => validateSchema(object, schema).map((e) => `${e.path}: ${e.message}`);

describe('required fields', () => {
  it('are reported by path when missing or empty', () => {
    const spec = { containers: [{ name: '', ports: [{ protocol: 'TCP' }], env: [{ value: 'x' }] }], volumes: [{}] };
    expect(lines({ spec }, 'Pod')).toEqual([
      'spec.containers[0].env[0].name: Required value',
      'spec.containers[0].name: Required value',
      'spec.containers[0].ports[0].containerPort: Required value',
      'spec.volumes[0].name: Required value',
    ]);
    expect(lines({ spec: { containers: [] } }, 'Pod')).toEqual(['spec.containers: Required value']);
  });

  it('are looked for in what is always there', () => {
    expect(lines({}, 'Pod')).toEqual(['spec.containers: Required value']);
    expect(lines({ spec: {} }, 'Deployment')).toEqual(['spec.selector: Required value', 'spec.template.spec.containers: Required value']);
    expect(lines({}, 'RoleBinding')).toEqual(['roleRef.kind: Required value', 'roleRef.name: Required value']);
  });

  it('say nothing of complete objects', () => {
    const template = { spec: { containers: [{ name: 'a', image: 'x' }] } };
    expect(lines({ spec: { selector: { matchLabels: { a: 'b' } }, template } }, 'Deployment')).toEqual([]);
    expect(lines({ spec: { ports: [{ port: 80 }] } }, 'Service')).toEqual([]);
    expect(lines({ data: {} }, 'ConfigMap')).toEqual([]);
  });

  it('leave status and metadata to others', () => {
    const status = { conditions: [{}], nodeInfo: {}, containerStatuses: [{}] };
    expect(lines({ status, spec: { podCIDR: '10.0.0.0/24' } }, 'Node')).toEqual([]);
    expect(lines({ metadata: { ownerReferences: [{}] } }, 'ConfigMap')).toEqual([]);
  });

  it('do not include what upstream accepts as empty', () => {
    expect(lines({ spec: { limits: [] } }, 'LimitRange')).toEqual([]);
    expect(lines({ spec: {} }, 'CSINode')).toEqual([]);
    expect(lines({ reason: 'x' }, 'Event')).toEqual([]);
    const probe = { httpGet: { port: 1, httpHeaders: [{ name: 'a' }] } };
    expect(lines({ spec: { containers: [{ name: 'a', livenessProbe: probe }] } }, 'Pod')).toEqual([]);
  });

  it('do not exist for kinds without a schema', () => {
    expect(lines({}, 'Widget')).toEqual([]);
  });
});
