import { beforeAll, expect, test } from 'vitest';
import type { Deployment, List, Pod } from './support/kinds.ts';
import { container, deployment, service } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('guestbook');

/** A web server with one program of its own at /cgi-bin/<name>. */
const serving = (name: string, program: string, beside = '') =>
  container(
    [
      "trap 'exit 0' TERM",
      'mkdir -p /tmp/www/cgi-bin',
      ': >/tmp/www/entry',
      `cat >/tmp/www/cgi-bin/${name} <<'END'`,
      '#!/bin/sh',
      "printf 'Content-Type: text/plain\\r\\n\\r\\n'",
      program,
      'END',
      `chmod +x /tmp/www/cgi-bin/${name}`,
      beside,
      'httpd -f -p 8080 -h /tmp/www & wait',
    ].join('\n'),
    { readinessProbe: { httpGet: { path: '/entry', port: 8080 }, periodSeconds: 1 } },
  );
const COPY = 'while true; do wget -qO /tmp/new http://primary/entry && mv /tmp/new /tmp/www/entry; sleep 1; done &';
/** Writes go to the one, reads come from the many. */
const FRONTEND =
  'case "$QUERY_STRING" in set=*) wget -qO- "http://primary/cgi-bin/set?$(echo "$QUERY_STRING" | cut -d= -f2)" ;; *) wget -qO- http://replica/entry ;; esac';
const tiers = [
  deployment('primary', 1, { containers: [serving('set', 'echo "$QUERY_STRING" >/tmp/www/entry')] }),
  deployment('replica', 2, { containers: [serving('none', 'true', COPY)] }),
  deployment('frontend', 1, { containers: [serving('guestbook', FRONTEND)] }),
];
const services = ['primary', 'replica', 'frontend'].map((name) => service(name, [{ port: 80, targetPort: 8080 }]));

const guestbook = (query: string) =>
  ns.run('get', '--raw', `/api/v1/namespaces/${ns.namespace}/services/frontend/proxy/cgi-bin/guestbook?${query}`);
const pods = async () => (await ns.json<List<Pod>>('get', 'pods')).items;

beforeAll(async () => {
  await ns.apply(...services, ...tiers);
  await ns.run('scale', 'deployment/frontend', '--replicas=3');
  for (const { metadata } of tiers) await ns.run('rollout', 'status', `deployment/${metadata?.name}`, '--timeout=60s');
});

test('an application of several tiers works: what the frontend writes to one it reads from the others', async () => {
  expect((await ns.json<Deployment>('get', 'deployment', 'frontend')).status).toMatchObject({ replicas: 3, readyReplicas: 3 });
  await eventually('the guestbook is empty', async () => (await guestbook('get')) === '');
  await guestbook('set=TestEntry');
  await eventually('every frontend shows the entry', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => guestbook('get')));
    return answers.every((answer) => answer === 'TestEntry\n');
  });
});

test('it is stopped by deleting what was created, and leaves nothing', async () => {
  await ns.run('delete', 'deployment,service', 'primary', 'replica', 'frontend');
  await eventually('no pod is left', async () => (await pods()).length === 0);
});
