import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { ContainerStatus, Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { answerLogs, parseLogOptions } from './container-logs.ts';
import type { PodDirectory } from './pod-directory.ts';

const waiting = (reason: string): ContainerStatus => ({
  name: 'main',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  state: { waiting: { reason } },
});
const pod = (...containerStatuses: ContainerStatus[]): Pod => ({
  metadata: { name: 'p', namespace: 'n' },
  spec: { containers: [{ name: 'main' }] },
  status: { containerStatuses },
});

function logsOf(pods: Pod[], query = ''): Promise<void> {
  const directory: PodDirectory = { pods: () => pods, sandboxId: () => undefined, container: () => undefined, running: () => [] };
  const options = { directory, clock: fakeClock(), signal: new AbortController().signal };
  return answerLogs(['n', 'p', 'main'], new URLSearchParams(query), {} as ServerResponse, options);
}

test.each([
  ['the image is being pulled', [pod(waiting('ContainerCreating'))], 'container "main" in pod "p" is waiting to start: ContainerCreating'],
  ['it could not be pulled', [pod(waiting('ErrImagePull'))], `container "main" in pod "p" is waiting to start: image can't be pulled`],
  [
    'that is tried again',
    [pod(waiting('ImagePullBackOff'))],
    'container "main" in pod "p" is waiting to start: trying and failing to pull image',
  ],
  ['init containers run', [pod(waiting('PodInitializing'))], 'container "main" in pod "p" is waiting to start: PodInitializing'],
  ['nothing is known of the container', [pod()], 'container "main" in pod "p" is not available'],
  ['nothing is known of the pod', [], 'pod "p" cannot be found - no logs available'],
])('there are no logs while %s', async (_, pods, message) => {
  await expect(logsOf(pods)).rejects.toMatchObject({ code: 400, message });
});

test('there are no logs of an instance before the first', async () => {
  const message = 'previous terminated container "main" in pod "p" not found';
  await expect(logsOf([pod(waiting('ContainerCreating'))], 'previous=true')).rejects.toMatchObject({ code: 400, message });
});

test.each(['true', 'True', '1', ''])('logs are followed when the query says %j', (yes) => {
  expect(parseLogOptions(new URLSearchParams({ follow: yes, timestamps: 'False' }), fakeClock())).toMatchObject({
    follow: true,
    timestamps: false,
  });
});
