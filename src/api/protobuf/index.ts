/** Kubernetes' protobuf form of the built-in kinds. */
export { decodeProtobuf, encodeProtobuf, hasProtobuf, PROTOBUF } from './envelope.ts';
