import { afterAll, beforeAll } from 'vitest';
import type { Pod } from '../../../src/api/schema/generated/types.ts';
import { type Background, type KubectlOptions, kubectl, kubectlInBackground, type Output } from './kubectl.ts';
import { eventually } from './poll.ts';

/** kubectl in one namespace. */
export interface Scope {
  readonly namespace: string;
  /** What it printed. */
  run(...args: string[]): Promise<string>;
  with(options: KubectlOptions, ...args: string[]): Promise<Output>;
  /** Runs it where it must fail. */
  fails(...args: string[]): Promise<Output>;
  json<T>(...args: string[]): Promise<T>;
  apply(...objects: readonly object[]): Promise<string>;
  start(...args: string[]): Background & AsyncDisposable;
  /** `sh -c` in a container. */
  sh(pod: string, script: string, ...flags: string[]): Promise<string>;
  podReady(name: string): Promise<Pod>;
  /** Waits until a condition holds for an object (`pod/x`). */
  until<T>(what: string, object: string, holds: (object: T) => unknown, timeoutMs?: number): Promise<T>;
}

export const list = (objects: readonly object[]): string => JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });

export function scope(namespace: string, defaults: KubectlOptions = {}): Scope {
  const call = (args: readonly string[], options: KubectlOptions = {}) => kubectl(['-n', namespace, ...args], { ...defaults, ...options });
  const self: Scope = {
    namespace,
    run: async (...args) => (await call(args)).stdout,
    with: (options, ...args) => call(args, options),
    async fails(...args) {
      const output = await call(args, { mayFail: true });
      if (output.exitCode === 0) throw new Error(`kubectl ${args.join(' ')} did not fail:\n${output.stdout}`);
      return output;
    },
    json: async <T>(...args: string[]) => JSON.parse((await call([...args, '-o', 'json'])).stdout) as T,
    apply: async (...objects) => (await call(['apply', '-f', '-'], { input: list(objects) })).stdout,
    start: (...args) => kubectlInBackground(['-n', namespace, ...args], defaults),
    sh: async (pod, script, ...flags) => (await call(['exec', pod, ...flags, '--', 'sh', '-c', script])).stdout,
    podReady: (name) =>
      self.until<Pod>(`${name} is ready`, `pod/${name}`, (pod) =>
        pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True'),
      ),
    until: <T>(what: string, object: string, holds: (object: T) => unknown, timeoutMs?: number) =>
      eventually(
        `${namespace}: ${what}`,
        async () => {
          const found = await self.json<T>('get', object);
          if (holds(found)) return found;
          throw new Error(JSON.stringify((found as { status?: unknown }).status));
        },
        timeoutMs,
      ),
  };
  return self;
}

/** A namespace for the tests of one file, removed after them. */
export function testNamespace(topic: string, defaults: KubectlOptions = {}): Scope {
  const namespace = `e2e-${topic}`;
  const self = scope(namespace, defaults);
  beforeAll(async () => {
    await kubectl(['create', 'namespace', namespace]);
    // Pods are admitted once their service account is there, as in any cluster.
    await self.until('the default service account', 'serviceaccount/default', () => true);
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', namespace, '--wait=false', '--ignore-not-found']);
  });
  return self;
}
