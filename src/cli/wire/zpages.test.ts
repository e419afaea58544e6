import { expect, it } from 'vitest';
import { shownFlags } from './zpages.ts';

it('settings are shown by the names of their flags, secrets are not', () => {
  const settings = {
    httpsListenPort: 6443,
    disable: ['agent', 'scheduler'],
    token: 'abcdef.0123456789abcdef',
    datastoreEndpoint: undefined,
    log: { level: 1 },
  };
  expect(shownFlags(settings)).toEqual({
    'https-listen-port': '6443',
    disable: '[agent,scheduler]',
    token: 'CLASSIFIED',
    'datastore-endpoint': '',
  });
});
