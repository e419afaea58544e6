/** Kubernetes' protobuf form of the built-in kinds. */
export { decodeProtobuf } from './decode-object.ts';
export { encodeBare, encodeList, encodeProtobuf, encodeWatchFrame, enveloped, hasProtobuf } from './encode-object.ts';

/** The media type, for bodies of requests and answers. */
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
