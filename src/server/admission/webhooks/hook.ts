import type { MatchCondition, MutatingWebhook, ValidatingWebhook } from '../../../api/schema/generated/types.ts';
import type { CredentialsFor } from '../../outbound/kubeconfig.ts';
import { type OutboundEndpoint, pemOf } from '../../outbound/outbound.ts';
import { HTTPS_PORT } from '../../outbound/service-endpoint.ts';
import { compileMatcher, type MatchContext, type Matcher } from '../matching/match.ts';

/** One webhook of a configuration, ready to be asked. */
export interface Hook {
  /** Unlike the name it is unique, and the same for the same place in the same configuration. */
  readonly id: string;
  readonly configuration: string;
  readonly name: string;
  readonly endpoint: OutboundEndpoint;
  readonly timeoutMs: number;
  /** A call that fails is no reason to refuse. */
  readonly ignoresFailures: boolean;
  readonly reviewVersions: readonly string[];
  readonly sideEffects: string | undefined;
  readonly matchConditions: readonly MatchCondition[];
  readonly matcher: Matcher;
  readonly reinvoked: boolean;
}

export interface Configuration {
  readonly metadata?: { readonly name?: string };
  readonly webhooks?: readonly (ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>)[];
}

const DEFAULT_TIMEOUT_SECONDS = 10;

export interface HookContext extends MatchContext {
  /** Absent: nothing is shown to webhooks. */
  readonly credentialsFor?: CredentialsFor | undefined;
}

/** In the order in which they are asked: by the configurations' names, and as each configuration lists them. */
export function compileHooks(configurations: readonly Configuration[], context: HookContext): readonly Hook[] {
  const sorted = configurations.toSorted((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  return sorted.flatMap(({ metadata, webhooks = [] }) => {
    const seen = new Map<string, number>();
    return webhooks.map((webhook): Hook => {
      const { name } = webhook;
      const same = seen.get(name) ?? 0;
      seen.set(name, same + 1);
      return {
        id: `${metadata?.name}/${name}/${same}`,
        configuration: metadata?.name ?? '',
        name,
        endpoint: endpointOf(webhook, context.credentialsFor),
        timeoutMs: (webhook.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
        ignoresFailures: webhook.failurePolicy === 'Ignore',
        reviewVersions: webhook.admissionReviewVersions,
        sideEffects: webhook.sideEffects,
        matchConditions: webhook.matchConditions ?? [],
        matcher: compileMatcher(
          {
            ...webhook,
            matchPolicy: webhook.matchPolicy ?? 'Equivalent',
            rules: webhook.rules ?? [],
            namespaceSelector: webhook.namespaceSelector,
            objectSelector: webhook.objectSelector,
          },
          context,
        ),
        reinvoked: webhook.reinvocationPolicy === 'IfNeeded',
      };
    });
  });
}

function endpointOf(
  { clientConfig: { url = '', service, caBundle } }: ValidatingWebhook,
  credentialsFor: CredentialsFor | undefined,
): OutboundEndpoint {
  const credentials = credentialsFor?.(
    service ? `${service.name}.${service.namespace}.svc:${service.port ?? HTTPS_PORT}` : authorityOf(url),
  );
  return { target: service ? { service } : { url }, caBundle: pemOf(caBundle), ...(credentials && { credentials }) };
}

function authorityOf(url: string): string {
  const { hostname = '', port = '' } = URL.parse(url) ?? {};
  return `${hostname}:${port || HTTPS_PORT}`;
}
