/** `k8s` and a zero byte start every object that stands for itself. */
export const MAGIC: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

export const isEnveloped = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => bytes[i] === byte);
