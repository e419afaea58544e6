import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { ApiextensionsV1WebhookClientConfig, CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import type { Outbound, OutboundEndpoint } from '../outbound/outbound.ts';
import type { CustomConverter } from '../registry/custom-kinds.ts';

/** Upstream's limit for calls of conversion webhooks. */
const TIMEOUT_MS = 30_000;
const SUPPORTED_REVIEWS = ['v1', 'v1beta1'];
const GROUP = 'apiextensions.k8s.io';

/** Converts by asking the webhook that the definition names: ConversionReview (Kubernetes, "Versions in CustomResourceDefinitions"). */
export function webhookConverter({ outbound, newUid }: { outbound: Outbound; newUid: () => string }): CustomConverter {
  return async (crd, objects, apiVersion) => {
    const from = describe(objects[0]);
    try {
      const converted = await ask(crd, objects, apiVersion, outbound, newUid());
      if (converted.length !== objects.length) {
        throw new Failure(`returned ${converted.length} objects, expected ${objects.length}`);
      }
      return objects.map((original, i) => checked(original, converted[i], apiVersion, i));
    } catch (error) {
      const why = error instanceof Failure ? error.message : `failed: ${error instanceof Error ? error.message : String(error)}`;
      throw new ApiError('InternalError', `conversion webhook for ${from} ${why}`, { cause: error });
    }
  };
}

/** What the webhook did wrong, as it follows `conversion webhook for …`. */
class Failure extends Error {}

function describe(object: KubeObject | undefined): string {
  return `${object?.apiVersion}, Kind=${object?.kind}`;
}

interface Review {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly response?: {
    readonly uid?: string;
    readonly convertedObjects?: readonly KubeObject[];
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

async function ask(
  crd: CustomResourceDefinition,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
  outbound: Outbound,
  uid: string,
): Promise<readonly KubeObject[]> {
  const webhook = crd.spec.conversion?.webhook;
  const version = webhook?.conversionReviewVersions.find((name) => SUPPORTED_REVIEWS.includes(name));
  if (!webhook?.clientConfig || !version) throw new Error('no supported conversion review versions');
  const review = { apiVersion: `${GROUP}/${version}`, kind: 'ConversionReview' };
  const body = { ...review, request: { uid, desiredAPIVersion, objects } };
  const { signal } = new AbortController();
  const answer = (await outbound.postJson(endpointOf(webhook.clientConfig), { body, timeoutMs: TIMEOUT_MS, signal })) as Review | null;
  return convertedBy(answer, uid, version);
}

function convertedBy(answer: Review | null, uid: string, version: string): readonly KubeObject[] {
  const wanted = `${GROUP}/${version}`;
  if (version === 'v1' && (answer?.apiVersion !== wanted || answer.kind !== 'ConversionReview')) {
    throw new Error(
      `expected webhook response of ${wanted}, Kind=ConversionReview, got ${answer?.apiVersion ?? ''}, Kind=${answer?.kind ?? ''}`,
    );
  }
  const response = answer?.response;
  if (!response) throw new Error('no response provided');
  if (version === 'v1' && response.uid !== uid) throw new Error(`expected response.uid="${uid}", got "${response.uid ?? ''}"`);
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return response.convertedObjects ?? [];
}

const SAME = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const;

/** Identity stays; of metadata a webhook may change labels and annotations alone. */
function checked(original: KubeObject, converted: KubeObject | undefined, apiVersion: string, index: number): KubeObject {
  const invalid = (why: string) => new Failure(`returned invalid converted object at index ${index}: ${why}`);
  if (typeof converted !== 'object' || converted === null) throw invalid('not an object');
  if (converted.apiVersion !== apiVersion) {
    throw invalid(`invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion})`);
  }
  if (converted.kind !== original.kind) throw invalid(`invalid kind (expected ${original.kind}, received ${converted.kind})`);
  if (typeof converted.metadata !== 'object' || converted.metadata === null) throw invalid('missing metadata in converted object');
  for (const [field, called] of SAME) {
    const [before = '', after = ''] = [original.metadata?.[field], converted.metadata[field]];
    if (before !== after) throw invalid(`must have the same ${called}: ${before} != ${after}`);
  }
  const { labels, annotations } = converted.metadata;
  return { ...converted, metadata: { ...original.metadata, labels, annotations } };
}

function endpointOf({ url, service, caBundle }: ApiextensionsV1WebhookClientConfig): OutboundEndpoint {
  const trust = caBundle ? { caBundle: Buffer.from(caBundle, 'base64').toString('utf8') } : {};
  if (service) {
    const { name, namespace, path, port } = service;
    return { target: { service: { name, namespace, ...(path !== undefined && { path }), ...(port !== undefined && { port }) } }, ...trust };
  }
  return { target: { url: url ?? '' }, ...trust };
}
