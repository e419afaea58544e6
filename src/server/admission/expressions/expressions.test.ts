import { describe, expect, it } from 'vitest';
import { registry } from '../../../api/index.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { fakeReader } from '../../fake-reader.ts';
import type { AdmissionRequest, AuthorizationAttributes, Authorizer } from '../../ports.ts';
import { webhookConditions } from './conditions.ts';

const pods = registry.byId('pods');
if (!pods) throw new Error('no pods');
const as = { own: pods, asked: pods };
const objects = fakeReader({ namespaces: [{ metadata: { name: 'apps', labels: { env: 'prod' } } } as KubeObject] });
const object: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'apps' } };
const admission: AdmissionRequest = {
  operation: 'CREATE',
  request: { verb: 'create', group: '', version: 'v1', resource: 'pods', namespace: 'apps', name: 'p' },
  object,
  old: undefined,
  context: { user: { name: 'alice', groups: ['dev'] }, signal: new AbortController().signal, warn: () => {} },
};
const allowGets: Authorizer = ({ verb }) => ({ allowed: verb === 'get', reason: '' });
const conditions = (expressions: readonly string[], authorizer: Authorizer = allowGets) =>
  webhookConditions({ objects, authorizer })(
    { matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })) },
    admission,
    { ...as, object, old: undefined },
  );

describe('match conditions', () => {
  it.each([
    ['object.metadata.name == "p" && oldObject == null'],
    ['request.operation == "CREATE" && request.userInfo.username == "alice" && "dev" in request.userInfo.groups'],
    ['request.resource.resource == "pods" && request.kind.kind == "Pod" && request.namespace == "apps" && !has(request.subResource)'],
    ['!request.dryRun && request.options.kind == "CreateOptions"'],
    ['namespaceObject.metadata.labels.env == "prod"'],
    ['authorizer.group("").resource("pods").namespace("apps").check("get").allowed()'],
    ['authorizer.requestResource.check("get").allowed() && !authorizer.requestResource.check("delete").allowed()'],
  ])('%s holds', async (expression) => {
    expect(await conditions([expression])).toBe(true);
  });

  it('are false when one is, whatever the others end with', async () => {
    expect(await conditions(['object.spec.nope == 1', 'false'])).toBe(false);
  });

  it('end with the errors of those that have any', async () => {
    const expected = "expression 'object.spec.nope == 1' resulted in error: no such key: spec";
    expect(await conditions(['true', 'object.spec.nope == 1'])).toEqual({ error: expected });
  });

  it('wait for authorizers that are asked elsewhere, each question once', async () => {
    const asked: AuthorizationAttributes[] = [];
    const later: Authorizer = async (attributes) => {
      asked.push(attributes);
      return { allowed: true, reason: '' };
    };
    const check = 'authorizer.path("/x").check("get").allowed()';
    const account = 'authorizer.serviceAccount("apps", "sa").group("apps").resource("deployments").check("list").allowed()';
    expect(await conditions([`${check} && ${check}`, account], later)).toBe(true);
    expect(asked).toMatchObject([
      { user: { name: 'alice' }, verb: 'get', path: '/x' },
      { user: { name: 'system:serviceaccount:apps:sa' }, verb: 'list', group: 'apps', resource: 'deployments' },
    ]);
  });

  it('see what an authorizer fails with', async () => {
    const failing: Authorizer = () => {
      throw new Error('it is broken');
    };
    const check = 'authorizer.path("/x").check("get")';
    expect(await conditions([`${check}.errored() && ${check}.error() == "it is broken"`], failing)).toBe(true);
  });
});
