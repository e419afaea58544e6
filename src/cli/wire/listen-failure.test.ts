import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { Component } from '../../base/component.ts';
import { UsageError } from '../exit.ts';
import { type ListenPlace, listenFailure, listening } from './listen-failure.ts';

const place = { address: '0.0.0.0', port: 6443 };

/** Listens for real, and stops at once when it could. */
const listener = ({ address, port }: ListenPlace): Component => ({
  name: 'listener',
  async run({ ready }) {
    const server = createServer().listen(port, address);
    await once(server, 'listening');
    ready();
    server.close();
  },
});

const run = (at: ListenPlace) => listening(listener(at), at).run({ signal: new AbortController().signal, ready: () => {} });

it('a port that another program has is told in one sentence, as a mistake of the caller', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const failure = await run({ address: '127.0.0.1', port }).catch((error: unknown) => error);
  other.close();
  expect(failure).toBeInstanceOf(UsageError);
  expect((failure as Error).message).toBe(
    `the port ${port} on 127.0.0.1 is in use by another program: choose another with --https-listen-port`,
  );
});

it('an address that is not the machine’s is told in one sentence, as a mistake of the caller', async () => {
  const failure = await run({ address: '192.0.2.77', port: 0 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UsageError);
  expect((failure as Error).message).toBe("the address 192.0.2.77 is none of this machine's: choose another with --bind-address");
});

it('a port that needs privileges says so', () => {
  const error = Object.assign(new Error('listen EACCES: permission denied 0.0.0.0:443'), { syscall: 'listen', code: 'EACCES' });
  expect(listenFailure(error, { ...place, port: 443 })).toBe(
    'the port 443 on 0.0.0.0 needs privileges that minik was not started with: choose another with --https-listen-port',
  );
});

it('other errors stay what they are', async () => {
  const other = Object.assign(new Error('connect EADDRINUSE'), { syscall: 'connect', code: 'EADDRINUSE' });
  expect(listenFailure(other, place)).toBeUndefined();
  const failing: Component = { name: 'x', run: () => Promise.reject(other) };
  await expect(listening(failing, place).run({ signal: new AbortController().signal, ready: () => {} })).rejects.toBe(other);
});
