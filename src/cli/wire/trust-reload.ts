import { isDeepStrictEqual } from 'node:util';
import type { Component } from '../../base/component.ts';
import { readAuthenticationConfig } from '../../server/authn/oidc/authentication-config.ts';
import type { ReloadOutcome } from '../../server/metrics/reload-metrics.ts';
import type { Trust } from '../../server/trust.ts';
import { type ConfigReload, configReload, NotYet } from './config-reload.ts';
import { type FollowedFile, modesIn } from './trust.ts';

export interface TrustReload extends Pick<ConfigReload, 'readFile' | 'changes' | 'clock' | 'log'> {
  readonly followed: { readonly authentication: FollowedFile | undefined; readonly authorization: FollowedFile | undefined };
  readonly reconfigure: Trust['reconfigure'];
  readonly serviceAccountIssuers: readonly string[];
  readonly metrics: (which: 'authentication' | 'authorization') => ReloadOutcome;
}

/** Follows the files of --authentication-config and --authorization-config. */
export function trustReload({ followed, reconfigure, serviceAccountIssuers, metrics, ...tools }: TrustReload): Component[] {
  const { authentication, authorization } = followed;
  const components: Component[] = [];
  if (authorization) {
    const take = async (text: string) => reconfigure.modes(await modesIn(text, authorization.path));
    components.push(configReload({ ...tools, ...authorization, what: 'authorization config', take, observe: metrics('authorization') }));
  }
  if (authentication) {
    const { anonymous } = readAuthenticationConfig(authentication.text, serviceAccountIssuers);
    const take = async (text: string) => {
      const next = readAuthenticationConfig(text, serviceAccountIssuers);
      if (!isDeepStrictEqual(next.anonymous, anonymous)) throw new Error('anonymous: Forbidden: changed from initial configuration file');
      await reconfigure.issuers(next.issuers).catch((error: Error) => {
        throw new NotYet(error.message, { cause: error });
      });
    };
    components.push(configReload({ ...tools, ...authentication, what: 'authentication config', take, observe: metrics('authentication') }));
  }
  return components;
}
