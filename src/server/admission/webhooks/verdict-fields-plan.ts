import { ApiError, type Status } from '../../../api/meta/status.ts';
import { goValue, prune } from '../../../api/schema/index.ts';
import { goBase64Fault } from '../../../base/go-base64.ts';
import { isRecord } from '../../../base/is-record.ts';

/** Go's types of a response's fields, as messages have them (k8s.io/api/admission), and what of JSON they are read from. */
const SCALARS = {
  uid: ['types.UID', 'string'],
  allowed: ['bool', 'boolean'],
  patch: ['[]uint8', 'string'],
  patchType: ['PatchType', 'string'],
} as const;

const isThere = (value: unknown): boolean => value !== undefined && value !== null;

/** Why Go cannot read the response of an AdmissionReview; undefined: it can. */
export function responseFault(response: unknown, version: string): string | undefined {
  if (!isThere(response)) return undefined;
  if (!isRecord(response)) return misfit(response, 'AdmissionReview.response', `${version}.AdmissionResponse`);
  for (const [field, [type, wanted]] of Object.entries(SCALARS)) {
    const value = response[field];
    const goType = field === 'patchType' ? `${version}.${type}` : type;
    if (isThere(value) && typeof value !== wanted) return misfit(value, `AdmissionResponse.response.${field}`, goType);
  }
  return mapFault(response) ?? listFault(response) ?? statusFault(response) ?? patchFault(response);
}

const misfit = (value: unknown, field: string, type: string): string =>
  `json: cannot unmarshal ${goValue(value)} into Go struct field ${field} of type ${type}`;

function mapFault({ auditAnnotations: map }: Record<string, unknown>): string | undefined {
  const field = 'AdmissionResponse.response.auditAnnotations';
  if (!isThere(map)) return undefined;
  if (!isRecord(map)) return misfit(map, field, 'map[string]string');
  const wrong = Object.values(map).find((value) => isThere(value) && typeof value !== 'string');
  return wrong === undefined ? undefined : misfit(wrong, field, 'string');
}

function listFault({ warnings: list }: Record<string, unknown>): string | undefined {
  const field = 'AdmissionResponse.response.warnings';
  if (!isThere(list)) return undefined;
  if (!Array.isArray(list)) return misfit(list, field, '[]string');
  const wrong: unknown = list.find((value) => isThere(value) && typeof value !== 'string');
  return wrong === undefined ? undefined : misfit(wrong, field, 'string');
}

function statusFault({ status }: Record<string, unknown>): string | undefined {
  if (!isThere(status)) return undefined;
  if (!isRecord(status)) return misfit(status, 'AdmissionResponse.response.status', 'v1.Status');
  try {
    readStatus(status);
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError) || !(error.cause instanceof Error)) throw error;
    return error.cause.message.replace(/struct field (\w+)\./, 'struct field $1.response.status.');
  }
}

const patchFault = ({ patch }: Record<string, unknown>): string | undefined =>
  typeof patch === 'string' ? goBase64Fault(patch) : undefined;

/** What a Status has of it. Throws ApiError BadRequest, with why as its cause. */
export function readStatus(status: object): Partial<Status> {
  const read = structuredClone(status);
  prune(read, 'Status');
  return read as Partial<Status>;
}
