import { afterAll, expect, test } from 'vitest';
import { kubectl, kubectlInBackground } from './support/kubectl.ts';
import { eventually } from './support/poll.ts';

const NAME = 'e2e-hasty';
const FLOW = 'flowcontrol.apiserver.k8s.io/v1';
const limited = { nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } };
const level = { apiVersion: FLOW, kind: 'PriorityLevelConfiguration', metadata: { name: NAME }, spec: { type: 'Limited', limited } };
const schema = {
  apiVersion: FLOW,
  kind: 'FlowSchema',
  metadata: { name: NAME },
  spec: {
    priorityLevelConfiguration: { name: NAME },
    matchingPrecedence: 100,
    rules: [
      {
        subjects: [{ kind: 'User', user: { name: NAME } }],
        resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['namespaces'], clusterScope: true, namespaces: ['*'] }],
      },
    ],
  },
};

const raw = async (path: string) => (await kubectl(['get', '--raw', path])).stdout;

afterAll(async () => {
  await kubectl(['delete', `flowschema/${NAME}`, `prioritylevelconfiguration/${NAME}`, `clusterrolebinding/${NAME}`], { mayFail: true });
});

test('kubectl that is told to come back later does so, and goes on when there is room', async () => {
  await kubectl(['create', 'clusterrolebinding', NAME, '--clusterrole=view', `--user=${NAME}`]);
  await kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [level, schema] }) });
  await using asking = kubectlInBackground(['get', 'namespace', 'default', '-o', 'name', '--as', NAME, '-v=7']);
  await eventually('it is told to come back later', async () => {
    const refused = new RegExp(
      `rejected_requests_total\\{priority_level="${NAME}",flow_schema="${NAME}",reason="concurrency-limit"\\} [1-9]`,
    );
    return refused.test(await raw('/metrics'));
  });
  expect(asking.stdout).toBe('');
  const patch = { spec: { limited: { nominalConcurrencyShares: 10 } } };
  await kubectl(['patch', 'prioritylevelconfiguration', NAME, '--type=merge', '-p', JSON.stringify(patch)]);
  expect(await asking.exited).toBe(0);
  expect(asking.stdout).toBe('namespace/default\n');
  expect(asking.stderr).toMatch(/429 Too Many Requests/);
  expect(asking.stderr).toMatch(/Retry-After/);
});

test('the state of each level, queue and request can be looked at', async () => {
  const dump = async (name: string) =>
    (await raw(`/debug/api_priority_and_fairness/${name}`)).split('\n').map((line) => line.split(/,\s*/));
  expect((await dump('dump_priority_levels')).map(([name]) => name)).toEqual(
    expect.arrayContaining(['catch-all', 'exempt', 'global-default']),
  );
  expect((await dump('dump_queues'))[0]?.slice(0, 3)).toEqual(['PriorityLevelName', 'Index', 'PendingRequests']);
  expect((await dump('dump_requests?includeRequestDetails=1'))[0]).toContain('UserName');
});
