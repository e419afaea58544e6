import { describe, expect, it } from 'vitest';
import { formatReference, parseReference, pullPolicy } from '../../api/meta/image-reference.ts';
import type { Pod, Secret } from '../../api/schema/generated/types.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { FakeRuntime } from '../../runtime/fake-runtime.ts';
import { type Runtime, RuntimeError } from '../../runtime/runtime.ts';
import { credentialsFor } from './credentials-plan.ts';
import { createImages, ImageError } from './images.ts';

const { signal } = new AbortController();
const BUSYBOX = 'docker.io/library/busybox:1.36';

const normal = (image: string) => {
  const parsed = parseReference(image);
  return parsed && formatReference(parsed);
};
const reference = (image: string) => parseReference(image) ?? expect.fail(`${image} is not a reference`);

describe('image references', () => {
  it('get the registry, library and tag that they leave out', () => {
    expect(normal('nginx')).toBe('docker.io/library/nginx:latest');
    expect(normal('me/app:v1')).toBe('docker.io/me/app:v1');
    expect(normal('localhost/app')).toBe('localhost/app:latest');
    expect(normal('registry.example:5000/a/b/c:x')).toBe('registry.example:5000/a/b/c:x');
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(normal(`app@${digest}`)).toBe(`docker.io/library/app@${digest}`);
    expect(normal(`app:v1@${digest}`)).toBe(`docker.io/library/app:v1@${digest}`);
  });

  it('are refused when they are not well-formed', () => {
    for (const wrong of ['', 'Nginx', 'a b', 'app:', 'app@sha256:1', '/x', 'a//b', 'x:y:z']) expect(normal(wrong)).toBeUndefined();
  });

  it('decide the pull policy by their tag when the container names none', () => {
    expect(pullPolicy(undefined, reference('nginx'))).toBe('Always');
    expect(pullPolicy(undefined, reference('nginx:1.2'))).toBe('IfNotPresent');
    expect(pullPolicy(undefined, reference(`nginx@sha256:${'a'.repeat(64)}`))).toBe('IfNotPresent');
    expect(pullPolicy('Never', reference('nginx'))).toBe('Never');
  });
});

const dockerConfig = (auths: object): Secret => ({
  type: 'kubernetes.io/dockerconfigjson',
  data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
});

describe('pull credentials', () => {
  it('are the most specific that match host and path', () => {
    const secret = dockerConfig({
      'r.example': { username: 'host', password: '1' },
      'r.example/team': { auth: Buffer.from('team:p:w').toString('base64') },
      'other.example': { username: 'no', password: '' },
    });
    expect(credentialsFor(reference('r.example/team/app'), [secret]).map((c) => [c.username, c.password])).toEqual([
      ['team', 'p:w'],
      ['host', '1'],
    ]);
    expect(credentialsFor(reference('r.example/else/app'), [secret])).toHaveLength(1);
  });

  it("know Docker Hub's own address, and stars in host names", () => {
    const secret = dockerConfig({ 'https://index.docker.io/v1/': { username: 'u' }, '*.example.com': { username: 'star' } });
    expect(credentialsFor(reference('nginx'), [secret])).toMatchObject([{ username: 'u' }]);
    expect(credentialsFor(reference('r.example.com/x'), [secret])).toMatchObject([{ username: 'star' }]);
    expect(credentialsFor(reference('a.r.example.com/x'), [secret])).toEqual([]);
  });

  it('pass over secrets that make no sense', () => {
    const broken: Secret = { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'bm90IGpzb24=' } };
    expect(credentialsFor(reference('nginx'), [broken, {}])).toEqual([]);
  });
});

interface Setup {
  clock: FakeClock;
  events: string[];
  calls: string[];
  ensure: (image: string, policy?: string, pod?: Pod) => Promise<string>;
}

function setup(options: { images?: string[]; secret?: Secret; pull?: Runtime['pullImage']; maxParallelPulls?: number } = {}): Setup {
  const clock = fakeClock();
  const calls: string[] = [];
  const events: string[] = [];
  const runtime = new FakeRuntime({
    clock,
    images: options.images,
    fault: (call, subject) => void calls.push(`${call} ${subject}`),
  });
  const real = runtime.pullImage.bind(runtime);
  if (options.pull)
    runtime.pullImage = (ref, auth, o) => (options.pull as Runtime['pullImage'])(ref, auth as undefined, o).then(() => real(ref, auth, o));
  const images = createImages({
    runtime,
    secrets: { secret: async () => options.secret },
    event: (_, type, reason, message, fieldPath) => void events.push(`${type} ${reason} ${fieldPath ?? ''}: ${message}`),
    clock,
    log: silentLogger,
    maxParallelPulls: options.maxParallelPulls ?? 5,
  });
  const aPod: Pod = { metadata: { uid: 'u', name: 'p', namespace: 'default' } };
  return {
    clock,
    events,
    calls,
    async ensure(image, imagePullPolicy, pod = aPod) {
      const { image: found, imageRef } = await images.ensure(pod, { name: 'c', image, imagePullPolicy }, { signal });
      expect(imageRef).toBe(found.id);
      return found.repoTags[0] ?? '';
    },
  };
}

const failure = async (promise: Promise<unknown>): Promise<ImageError> =>
  promise.then(
    () => expect.fail('it was expected to fail'),
    (error: ImageError) => error,
  );

describe('ensure', () => {
  it('asks the runtime once when the image is there', async () => {
    const { ensure, calls, events } = setup({ images: [BUSYBOX] });
    expect(await ensure('busybox:1.36')).toBe(BUSYBOX);
    expect(calls).toEqual([`imageStatus ${BUSYBOX}`]);
    expect(events).toEqual([
      'Normal Pulled spec.containers{c}: Container image "busybox:1.36" already present on machine and can be accessed by the pod',
    ]);
  });

  it('pulls what is missing, and what is always to be pulled', async () => {
    const { ensure, events, calls } = setup({ images: [BUSYBOX] });
    await ensure('app:v1');
    expect(events).toEqual([
      'Normal Pulling spec.containers{c}: Pulling image "app:v1"',
      'Normal Pulled spec.containers{c}: Successfully pulled image "app:v1" in 0s (0s including waiting). Image size: 1048576 bytes.',
    ]);
    await ensure('busybox:1.36', 'Always');
    expect(calls).toContain(`pullImage ${BUSYBOX}`);
  });

  it('backs off after a failed pull: 10 s, then 20 s', async () => {
    let broken = true;
    const pull = async () => {
      if (broken) throw new RuntimeError('NotFound', 'no such image');
      return '';
    };
    const { ensure, clock, events } = setup({ pull });
    expect(await failure(ensure('app:v1'))).toMatchObject({
      reason: 'ErrImagePull',
      message: 'no such image',
      retryAtMs: clock.now() + 1000,
    });
    await clock.advance(4000);
    const second = await failure(ensure('app:v1'));
    expect(second).toBeInstanceOf(ImageError);
    expect(second).toMatchObject({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "app:v1": ErrImagePull: no such image',
      retryAtMs: clock.now() + 6000,
    });
    expect(events.at(-1)).toBe('Normal BackOff spec.containers{c}: Back-off pulling image "app:v1"');
    await clock.advance(6000);
    expect(await failure(ensure('app:v1'))).toMatchObject({ reason: 'ErrImagePull', retryAtMs: clock.now() + 1000 });
    await clock.advance(1000);
    expect(await failure(ensure('app:v1'))).toMatchObject({ reason: 'ImagePullBackOff', retryAtMs: clock.now() + 19_000 });
    broken = false;
    await clock.advance(20_000);
    expect(await ensure('app:v1')).toBe('docker.io/library/app:v1');
  });

  it('pulls an image once for containers that want it at the same time', async () => {
    const gate = Promise.withResolvers<string>();
    let pulls = 0;
    const { ensure } = setup({
      pull: () => {
        pulls += 1;
        return gate.promise;
      },
    });
    const both = Promise.all([ensure('app:v1'), ensure('app:v1')]);
    gate.resolve('');
    await both;
    expect(pulls).toBe(1);
  });

  it('pulls no more images at a time than it is told', async () => {
    let running = 0;
    let most = 0;
    const { ensure } = setup({
      maxParallelPulls: 2,
      pull: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return '';
      },
    });
    await Promise.all(['a:1', 'b:1', 'c:1', 'd:1', 'e:1'].map((image) => ensure(image)));
    expect(most).toBe(2);
  });

  it('never pulls with policy Never, and refuses what is not a reference', async () => {
    const { ensure, calls } = setup();
    expect(await failure(ensure('app:v1', 'Never'))).toMatchObject({ reason: 'ErrImageNeverPull' });
    expect(await failure(ensure('Bad Image'))).toMatchObject({ reason: 'InvalidImageName', retryAtMs: undefined });
    expect(calls).toEqual(['imageStatus docker.io/library/app:v1']);
  });

  it('tries the logins of the pull secrets in turn', async () => {
    const tried: string[] = [];
    const secret = dockerConfig({ 'r.example/a': { username: 'wrong' }, 'r.example': { username: 'right' } });
    const { ensure } = setup({
      secret,
      pull: async (_, auth) => {
        tried.push(auth?.username ?? '');
        if (auth?.username !== 'right') throw new RuntimeError('Unknown', 'denied');
        return '';
      },
    });
    await ensure('r.example/a/app:v1', undefined, {
      metadata: { uid: 'u', namespace: 'd' },
      spec: { containers: [], imagePullSecrets: [{ name: 's' }] },
    });
    expect(tried).toEqual(['wrong', 'right']);
  });

  it('says which pull secrets are missing and pulls without them', async () => {
    const { ensure, events } = setup();
    await ensure('app:v1', undefined, {
      metadata: { uid: 'u', namespace: 'd' },
      spec: { containers: [], imagePullSecrets: [{ name: 's' }] },
    });
    expect(events[1]).toContain('FailedToRetrieveImagePullSecret : Unable to retrieve some image pull secrets (s);');
  });
});
