import { get } from 'node:http';
import { connect } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { kubectlInBackground, otherVersions } from './support/kubectl.ts';
import { container, PAGE, pod, service, webContainer } from './support/manifests.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('forward');
const BIG = 3 << 20;

beforeAll(async () => {
  await ns.apply(pod('web', { containers: [webContainer(), container('while true; do nc -l -p 9000 -e cat; done', { name: 'echo' })] }));
  await ns.apply(service('web', [{ name: 'http', port: 80, targetPort: 'http' as never }]));
  await ns.podReady('web');
  await ns.sh('web', `head -c ${BIG} /dev/zero | tr '\\0' x >/tmp/www/big`, '-c', 'main');
});

const fetchText = (port: number, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent: false, timeout: 20_000 }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve(text)).once('error', reject);
    });
    request.once('error', reject).once('timeout', () => request.destroy(new Error('timed out')));
  });

async function forwarded(args: readonly string[], version?: string) {
  const forward = kubectlInBackground(['-n', ns.namespace, 'port-forward', ...args], version ? { version } : {});
  await forward.says(/Forwarding from 127\.0\.0\.1:\d+/);
  const ports = [...forward.stdout.matchAll(/127\.0\.0\.1:(\d+) -> (\d+)/g)].map((m) => Number(m[1]));
  return { forward, port: ports[0] ?? 0 };
}

test.each(['on PATH', ...otherVersions])('kubectl %s forwards HTTP, many requests at once, every byte', async (version) => {
  const { forward, port } = await forwarded(['pod/web', ':8080'], version === 'on PATH' ? undefined : version);
  await using _ = forward;
  expect(await fetchText(port, '/')).toBe(PAGE);
  const pages = await Promise.all(Array.from({ length: 10 }, (_, i) => fetchText(port, i % 2 ? '/big' : '/')));
  pages.forEach((page, i) => {
    expect(page.length).toBe(i % 2 ? BIG : PAGE.length);
  });
});

test('a Service is forwarded to one of its pods, its target port looked up', async () => {
  const { forward, port } = await forwarded(['service/web', ':80']);
  await using _ = forward;
  expect(await fetchText(port, '/hostname')).toBe('web\n');
});

test('a connection talks both ways and a half-closed one ends in order', async () => {
  const { forward, port } = await forwarded(['web', ':9000']);
  await using _ = forward;
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' }).setEncoding('utf8');
    socket.once('error', reject).once('close', () => resolve(text));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text === 'ping\n') socket.end('pong\n');
    });
    socket.write('ping\n');
  });
  expect(answer).toBe('ping\npong\n');
});

test('a port where nobody listens is an error on that connection alone', async () => {
  const { forward, port } = await forwarded(['web', ':9']);
  await using _ = forward;
  await expect(fetchText(port, '/')).rejects.toThrow();
  expect(forward.stderr).toMatch(/error|refused|lost connection/i);
});
