import { expect, test } from 'vitest';
import type { IPAddress, Service, ServiceCIDR } from '../../src/api/schema/generated/types.ts';
import { kubectl } from './support/kubectl.ts';
import { pod, service, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('service-cidr');
const RANGE = '10.171.3.0/24';
const ADDRESS = '10.171.3.9';

const ready = (range: ServiceCIDR) => range.status?.conditions?.find((c) => c.type === 'Ready');
const read = async <T>(...args: string[]) => JSON.parse((await kubectl(['get', ...args, '-o', 'json'])).stdout) as T;

test('the default range is ready, and each address of a Service is an IPAddress that names it', async () => {
  expect(ready(await read<ServiceCIDR>('servicecidr', 'kubernetes'))).toMatchObject({
    status: 'True',
    message: 'Kubernetes Service CIDR is ready',
  });
  await ns.apply(service('plain', [{ port: 80 }]));
  const { spec } = await ns.json<Service>('get', 'service', 'plain');
  const address = await read<IPAddress>('ipaddress', spec?.clusterIP ?? '');
  expect(address.spec?.parentRef).toMatchObject({ resource: 'services', namespace: ns.namespace, name: 'plain' });
  expect((await kubectl(['get', 'ipaddress', spec?.clusterIP ?? ''])).stdout).toContain(`services/${ns.namespace}/plain`);
  await ns.run('delete', 'service', 'plain');
  await eventually(
    'the address is free',
    async () => !(await kubectl(['get', 'ipaddresses'])).stdout.includes(`services/${ns.namespace}/plain`),
  );
});

test('a Service in a range that was added answers, and holds the range until it goes', async () => {
  const range = { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name: 'more' }, spec: { cidrs: [RANGE] } };
  await ns.apply(
    range,
    service('web', [{ port: 80, targetPort: 8080 }], { clusterIP: ADDRESS }),
    pod('web', { containers: [webContainer()] }),
  );
  await ns.podReady('web');
  await eventually('it answers', async () => (await ns.sh('web', `wget -qO- http://${ADDRESS}/hostname`)) === 'web\n');
  await kubectl(['delete', 'servicecidr', 'more', '--wait=false']);
  await eventually(
    'it says what it waits for',
    async () => ready(await read<ServiceCIDR>('servicecidr', 'more'))?.reason === 'Terminating',
  );
  await ns.run('delete', 'service', 'web');
  await kubectl(['wait', '--for=delete', 'servicecidr/more', '--timeout=60s']);
});
