/** Reads an element that has to be there: what strict index checks ask of code that knows its lengths. */
export function at<T>(values: ArrayLike<T>, position: number): T {
  const value = values[position];
  if (value === undefined) throw new RangeError(`position ${position} is outside an array of ${values.length}`);
  return value;
}
