/**
 * Keeps labels from covering each other. Used for the names at the ends of the loss curves, which differ by less than a line
 * of text.
 */
import { at } from "../../synthetic/at.js";

interface Block {
  readonly members: readonly number[];
  readonly center: number;
}

/**
 * Where labels go that want to stand at `positions` but must keep `gap` apart: in the same order, each as near its place as the
 * others allow. Labels that would overlap form a block, which is centred on the mean of its members' places.
 */
export function spread(positions: readonly number[], gap: number): number[] {
  const order = positions.map((_, index) => index).sort((a, b) => at(positions, a) - at(positions, b));
  const blocks: Block[] = [];
  for (const index of order) {
    let block: Block = { members: [index], center: at(positions, index) };
    for (let below = blocks.at(-1); below && overlap(below, block, gap); below = blocks.at(-1)) {
      blocks.pop();
      const members = [...below.members, ...block.members];
      block = { members, center: members.reduce((sum, member) => sum + at(positions, member), 0) / members.length };
    }
    blocks.push(block);
  }
  const places = [...positions];
  for (const { members, center } of blocks) {
    members.forEach((member, rank) => {
      places[member] = center + (rank - (members.length - 1) / 2) * gap;
    });
  }
  return places;
}

function overlap(below: Block, above: Block, gap: number): boolean {
  return above.center - below.center < ((below.members.length + above.members.length) / 2) * gap;
}
