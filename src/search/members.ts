/** Members of a step, or of a roll call: ids ascending, so that one among a thousand is found in ten looks. */
export function isMember(members: readonly string[], id: string): boolean {
  let from = 0;
  let to = members.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (members[middle]! < id) from = middle + 1;
    else to = middle;
  }
  return members[from] === id;
}
