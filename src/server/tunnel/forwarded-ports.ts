import { badRequest } from '../registry/errors.ts';

const LARGEST = 0xffff;

/** The ports of PodPortForwardOptions: parameters that each may hold several, by commas. Throws BadRequest in the words of Go's strconv. */
export const forwardedPorts = (texts: readonly string[]): number[] => texts.flatMap((text) => text.split(',')).map(port);

function port(text: string): number {
  const why = !/^\d+$/.test(text) ? 'invalid syntax' : Number(text) > LARGEST ? 'value out of range' : undefined;
  if (why) throw badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`);
  return Number(text);
}
