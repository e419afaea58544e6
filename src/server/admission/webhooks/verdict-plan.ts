import { ApiError, STATUS_CODES, type Status, type StatusReason } from '../../../api/meta/status.ts';
import { GO_TYPE_META, goValue } from '../../../api/schema/index.ts';
import { isRecord } from '../../../base/is-record.ts';
import { readStatus, responseFault } from './verdict-fields-plan.ts';

/** What a webhook decided. */
export interface Verdict {
  readonly allowed: boolean;
  /** Base64 of a JSON patch; of mutating webhooks alone. */
  readonly patch: string | undefined;
  readonly status: Partial<Status> | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** An answer that is no verdict. The message is upstream's; `undecodable`: it is not even a review. */
export class InvalidVerdict extends Error {
  override name = 'InvalidVerdict';
  readonly undecodable: boolean;
  constructor(message: string, undecodable = false) {
    super(message);
    this.undecodable = undecodable;
  }
}

const show = (value: unknown): string => JSON.stringify(typeof value === 'string' ? value : '');

export interface Expected {
  readonly uid: string;
  readonly version: 'v1' | 'v1beta1';
  readonly mutating: boolean;
}

/** Reads the AdmissionReview that came back (apiserver, webhook/request). Throws InvalidVerdict. */
export function readVerdict(answer: unknown, { uid, version, mutating }: Expected): Verdict {
  const review = asReview(answer, version);
  const { response } = review;
  if (!isRecord(response)) throw new InvalidVerdict('webhook response was absent');
  if (version === 'v1') checkEcho(review, response, uid);
  const { patch, patchType } = response;
  if (!mutating && version === 'v1') {
    if (patch) throw new InvalidVerdict('validating webhook may not return response.patch');
    if (patchType !== undefined && patchType !== null) throw new InvalidVerdict('validating webhook may not return response.patchType');
  }
  if (mutating && version === 'v1') checkPatchType(patch, patchType);
  return {
    allowed: response.allowed === true,
    patch: mutating && typeof patch === 'string' && patch !== '' ? patch : undefined,
    status: isRecord(response.status) ? readStatus(response.status) : undefined,
    warnings: strings(response.warnings),
    auditAnnotations: isRecord(response.auditAnnotations) ? (response.auditAnnotations as Record<string, string>) : {},
  };
}

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []);

const AS_READ: Readonly<Record<string, string>> = { v1: 'admission.k8s.io/v1', v1beta1: 'admission.k8s.io/v1beta1' };

/** Go reads the answer into the review that was sent, whose type it may leave out. */
function asReview(answer: unknown, version: Expected['version']): Record<string, unknown> {
  if (answer === null) return {};
  if (!isRecord(answer)) {
    throw new InvalidVerdict(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goValue(answer)} into Go value of type ${GO_TYPE_META}`,
      true,
    );
  }
  const { apiVersion = '', kind = '' } = answer;
  if (kind === 'Status' && apiVersion === 'v1') {
    throw new InvalidVerdict(`converting (v1.Status) to (${version}.AdmissionReview): unknown conversion`, true);
  }
  if (kind && kind !== 'AdmissionReview') {
    throw new InvalidVerdict(
      `no kind ${show(kind)} is registered for version ${show(apiVersion)} in scheme "pkg/util/webhook/client.go:71"`,
      true,
    );
  }
  if (kind && apiVersion && apiVersion !== AS_READ[version]) {
    const sent = String(apiVersion).slice(String(apiVersion).indexOf('/') + 1);
    throw new InvalidVerdict(`converting (${sent}.AdmissionReview) to (${version}.AdmissionReview): unknown conversion`, true);
  }
  const fault = responseFault(answer.response, version);
  if (fault !== undefined) throw new InvalidVerdict(fault, true);
  return answer;
}

function checkEcho(review: Record<string, unknown>, response: Record<string, unknown>, uid: string): void {
  if (response.uid !== uid) throw new InvalidVerdict(`expected response.uid=${show(uid)}, got ${show(response.uid)}`);
  if (review.apiVersion === 'admission.k8s.io/v1') return;
  const got = review.apiVersion ? `${review.apiVersion}, Kind=${review.kind ?? ''}` : `/, Kind=${review.kind ?? ''}`;
  throw new InvalidVerdict(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${got}`);
}

function checkPatchType(patch: unknown, patchType: unknown): void {
  const given = patchType !== undefined && patchType !== null;
  if (patch && !given) throw new InvalidVerdict('webhook returned response.patch but not response.patchType');
  if (!patch && given) throw new InvalidVerdict('webhook returned response.patchType but not response.patch');
  if (given && patchType === '') throw new InvalidVerdict('webhook returned invalid response.patchType of ""');
  if (given && patchType !== 'JSONPatch') throw new InvalidVerdict(`unsupported patch type ${show(patchType)}`);
}

const LOWEST_FAILURE = 400;
/** What is beyond is no answer over HTTP, whoever wants it. */
const GREATEST_CODE = 999;
const INTERNAL = 500;

/** The refusal as the client sees it: the webhook's own code, reason and details; 400 when it gave no code. */
export function refusalBy(hook: string, status: Partial<Status> | undefined): ApiError {
  const denied = `admission webhook ${JSON.stringify(hook)} denied the request`;
  const { message, reason = '', code = 0, details } = status ?? {};
  const why = message || reason;
  const known = Object.hasOwn(STATUS_CODES, reason) ? (reason as StatusReason) : undefined;
  return new ApiError(known ?? 'BadRequest', why ? `${denied}: ${why}` : `${denied} without explanation`, {
    code: code > GREATEST_CODE ? INTERNAL : Math.max(code, LOWEST_FAILURE),
    ...(!known && { statedReason: reason }),
    ...(details && { details }),
  });
}
