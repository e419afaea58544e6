import type { Component } from '../../base/component.ts';
import { UsageError } from '../exit.ts';

/** Where a component was told to listen, by `--bind-address` and `--https-listen-port`. */
export interface ListenPlace {
  readonly address: string;
  readonly port: number;
}

/** The sentence for a failure to listen that the operator can mend; undefined for any other error. */
export function listenFailure(error: unknown, { address, port }: ListenPlace): string | undefined {
  const { syscall, code } = error as NodeJS.ErrnoException;
  if (syscall !== 'listen') return undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `the port ${port} on ${address} is in use by another program: choose another with --https-listen-port`;
    case 'EACCES':
      return `the port ${port} on ${address} needs privileges that minik was not started with: choose another with --https-listen-port`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return `the address ${address} is none of this machine's: choose another with --bind-address`;
    default:
      return undefined;
  }
}

/** The component, rejecting with UsageError when it cannot listen where it was told to. */
export function listening(component: Component, place: ListenPlace): Component {
  return {
    name: component.name,
    async run(options) {
      try {
        await component.run(options);
      } catch (error) {
        const sentence = listenFailure(error, place);
        throw sentence === undefined ? error : new UsageError(sentence, { cause: error });
      }
    },
  };
}
