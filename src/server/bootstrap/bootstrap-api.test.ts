import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../base/logger.ts';
import { createBootstrapToken } from '../authn/bootstrap-token.ts';
import { fakeApi } from '../fake-api.ts';
import { BOOTSTRAP_USER, bootstrap } from './bootstrap.ts';

describe('bootstrap on the real registry', () => {
  it('passes validation with every object, and finds nothing to do on the next start', async () => {
    const api = await fakeApi();
    const transport = api.localTransport(BOOTSTRAP_USER, 'kube-apiserver');
    const run = (advertiseAddress: string) =>
      bootstrap({
        write: (request, options) => transport.request(request, options),
        reader: api.objects,
        address: { serviceIp: '10.43.0.1', servicePort: 443, advertiseAddress, advertisePort: 6443 },
        pki: { caPem: 'ca', frontProxyCaPem: 'fp' },
        token: createBootstrapToken(),
        log: silentLogger,
        signal: new AbortController().signal,
      });
    expect((await run('192.0.2.7')).written).toBeGreaterThan(120);
    // The token is another one each time here.
    expect(await run('192.0.2.7')).toEqual({ written: 1 });
    expect(await run('192.0.2.8')).toEqual({ written: 3 });
  });
});
