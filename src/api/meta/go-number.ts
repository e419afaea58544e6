const INT64_END = 2 ** 63;

/** Is it an int64 to Go that reads it out of JSON? What is beyond, and what has a fraction, is a float64. */
export const isGoInteger = (value: number | bigint): boolean =>
  typeof value === 'bigint' || (Number.isInteger(value) && Math.abs(value) < INT64_END);

/** A float64 as Go prints it: shortest, with an exponent from a million on and below a ten-thousandth. */
export function goFloat(value: number): string {
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const tens = Number(exponent);
  if (tens >= -4 && tens < 6) return String(value);
  return `${mantissa}e${tens < 0 ? '-' : '+'}${String(Math.abs(tens)).padStart(2, '0')}`;
}

/** A number out of JSON as Go prints it. */
export const goNumber = (value: number): string => (isGoInteger(value) ? String(value) : goFloat(value));
