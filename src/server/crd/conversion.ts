import { equalJson } from '../../api/meta/equal-json.ts';
import { fieldErrorText } from '../../api/meta/field-error.ts';
import { goTypeOf } from '../../api/meta/go-text.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { checkAnnotations, checkLabels } from '../../api/meta/validation.ts';
import type { ApiextensionsV1WebhookClientConfig, CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import { goValue } from '../../api/schema/index.ts';
import { goAggregate } from '../../base/go-aggregate.ts';
import { isRecord } from '../../base/is-record.ts';
import type { Outbound, OutboundEndpoint } from '../outbound/outbound.ts';
import type { CustomConverter } from '../registry/custom-kinds.ts';
import { unknownError } from '../registry/errors.ts';

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
      return objects.map((original, i) => checked(original, readObject(converted[i]), apiVersion));
    } catch (error) {
      if (error instanceof ApiError) throw error;
      const why = error instanceof Failure ? error.message : `failed: ${error instanceof Error ? error.message : String(error)}`;
      throw unknownError(`conversion webhook for ${from} ${why}`);
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
    readonly convertedObjects?: readonly unknown[];
    readonly result?: { readonly status?: string; readonly message?: string };
  };
}

async function ask(
  crd: CustomResourceDefinition,
  objects: readonly KubeObject[],
  desiredAPIVersion: string,
  outbound: Outbound,
  uid: string,
): Promise<readonly unknown[]> {
  const webhook = crd.spec.conversion?.webhook;
  const version = webhook?.conversionReviewVersions.find((name) => SUPPORTED_REVIEWS.includes(name));
  if (!webhook?.clientConfig || !version) throw new Error('no supported conversion review versions');
  const review = { apiVersion: `${GROUP}/${version}`, kind: 'ConversionReview' };
  const body = { ...review, request: { uid, desiredAPIVersion, objects } };
  const { signal } = new AbortController();
  const answer = (await outbound.postJson(endpointOf(webhook.clientConfig), { body, timeoutMs: TIMEOUT_MS, signal })) as Review | null;
  return convertedBy(answer, uid, version);
}

function convertedBy(answer: Review | null, uid: string, version: string): readonly unknown[] {
  const wanted = `${GROUP}/${version}`;
  if (version === 'v1' && (answer?.apiVersion !== wanted || answer.kind !== 'ConversionReview')) {
    throw new Error(
      `expected webhook response of ${wanted}, Kind=ConversionReview, got ${answer?.apiVersion || '/'}, Kind=${answer?.kind ?? ''}`,
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

/** Throws what upstream's decoder says of what is no object. */
function readObject(converted: unknown): KubeObject {
  if (converted === undefined || converted === null) throw unknownError('unexpected end of JSON input');
  if (!isRecord(converted)) {
    throw unknownError(`json: cannot unmarshal ${goValue(converted)} into Go value of type map[string]interface {}`);
  }
  if (!converted.kind) throw unknownError(`Object 'Kind' is missing in '${JSON.stringify(converted)}'`);
  return converted;
}

/** Identity stays; of metadata a webhook may change labels and annotations alone. Upstream mostly converts one object at a time, and so its words are those for one. */
function checked(original: KubeObject, converted: KubeObject, apiVersion: string): KubeObject {
  const invalid = (why: string) => new Failure(`returned invalid object${why}`);
  const { apiVersion: received = '', kind, metadata } = converted;
  if (received !== apiVersion) throw invalid(` at index 0: invalid groupVersion (expected ${apiVersion}, received ${received})`);
  if (kind !== original.kind) throw invalid(` at index 0: invalid kind (expected ${original.kind}, received ${kind})`);
  for (const [field, called] of SAME) {
    const [before = '', after = ''] = [original.metadata?.[field], metadata?.[field]];
    if (before !== after) throw invalid(`: must have the same ${called}: ${before} != ${after}`);
  }
  const { labels, annotations } = metadata ?? {};
  const findings = [
    ...(equalJson(labels, original.metadata?.labels) ? [] : checkLabels('metadata.labels', readTexts('labels', labels))),
    ...(equalJson(annotations, original.metadata?.annotations)
      ? []
      : checkAnnotations('metadata.annotation', readTexts('annotations', annotations))),
  ];
  if (findings.length > 0) throw new Failure(`returned invalid metadata: ${goAggregate(findings.map(fieldErrorText))}`);
  return { ...converted, metadata: { ...original.metadata, labels, annotations } };
}

/** Labels or annotations as they came. Throws where they are none. */
function readTexts(field: string, given: unknown): Record<string, string> | undefined {
  const wrong = (why: string) => new Failure(`returned invalid metadata: ${why} in converted object`);
  if (given === undefined || given === null) return undefined;
  if (!isRecord(given)) throw wrong(`invalid metadata.${field} of type ${goTypeOf(given)}`);
  for (const [key, value] of Object.entries(given)) {
    if (typeof value !== 'string') throw wrong(`metadata.${field}[${key}] must be a string, but is ${goTypeOf(value)}`);
  }
  return given as Record<string, string>;
}

function endpointOf({ url, service, caBundle }: ApiextensionsV1WebhookClientConfig): OutboundEndpoint {
  const trust = caBundle ? { caBundle: Buffer.from(caBundle, 'base64').toString('utf8') } : {};
  if (service) {
    const { name, namespace, path, port } = service;
    return { target: { service: { name, namespace, ...(path !== undefined && { path }), ...(port !== undefined && { port }) } }, ...trust };
  }
  return { target: { url: url ?? '' }, ...trust };
}
