import { registry as definitions } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { decodeMessage, openEnvelope } from '../../api/schema/index.ts';

/** Kinds that are sent but not served: their schemas by kind. */
const SENT_KINDS: Readonly<Record<string, string>> = {
  Binding: 'Binding',
  DeleteOptions: 'DeleteOptions',
  Eviction: 'Eviction',
  Scale: 'Scale',
  TokenRequest: 'AuthenticationV1TokenRequest',
};

/** A protobuf body as the JSON object that it stands for (`application/vnd.kubernetes.protobuf`). Throws BadRequest, UnsupportedMediaType. */
export function parseProtobuf(bytes: Uint8Array): object {
  const { apiVersion, kind, raw } = openEnvelope(bytes);
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const schema = definitions.findKind(group, apiVersion.slice(slash + 1), kind)?.schema ?? SENT_KINDS[kind];
  const object = schema === undefined ? undefined : decodeMessage(raw, schema);
  if (!object)
    throw new ApiError('UnsupportedMediaType', `${kind || 'this kind'} in version "${apiVersion}" has no protobuf form: send JSON`);
  return { apiVersion, kind, ...object };
}
