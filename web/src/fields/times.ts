/** Times by their position among the trained ones: 2.5 is half-way between the third and the fourth. */

/** Return the time at a position. */
export function timeAt(times: readonly number[], position: number): number {
  const before = Math.min(Math.floor(position), times.length - 1);
  const part = position - before;
  return part ? times[before] + part * (times[before + 1] - times[before]) : times[before];
}

/** Part of the way to the next trained time that is only rounding of a number that was written. */
const ROUNDING = 1e-6;

/** Return the position of a time; times outside of the trained span are taken to its ends. */
export function positionOf(times: readonly number[], time: number): number {
  const last = times.length - 1;
  if (!(time > times[0])) return 0;
  if (time >= times[last]) return last;
  const after = times.findIndex((each) => each > time);
  const [start, end] = [times[after - 1], times[after]];
  const position = after - 1 + (time - start) / (end - start);
  const nearest = Math.round(position);
  return Math.abs(position - nearest) < ROUNDING ? nearest : position;
}
