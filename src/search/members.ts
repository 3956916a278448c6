/** Members of a step: ids ascending, so that one among a thousand is found in ten looks, with each message. */
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
