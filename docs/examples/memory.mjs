/**
 * An objective of your own: the most memory that one block needs for one scan, in MB.
 *
 * A mobile block holds its input, and twice its expanded input around the depthwise convolution.
 * Enough to rank networks by what fits on a small device; not what a framework really allocates.
 *
 * @type {import('emars').GenomeObjective}
 */
const memory = {
  name: 'memory',
  unit: 'MB',
  direction: 'min',
  needs: 'genome',
  measure({ space, genome, input }) {
    const half = (n, stride) => Math.ceil(n / stride);
    let [slices, size] = [half(input.slices, 2), half(input.size, 2)]; // the stem's stride
    let most = slices * size * size * space.stem;
    let block = 0;
    space.widths.forEach((width, cell) => {
      slices = half(slices, space.strides[cell]);
      size = half(size, space.strides[cell]);
      for (let i = 0; i < space.blocks[cell]; i++) {
        const expansion = Number(/_e(\d+)$/.exec(genome[block++])?.[1] ?? 0); // 0 for skip
        most = Math.max(most, slices * size * size * width * (1 + 2 * expansion));
      }
    });
    return { value: (4 * most) / 2 ** 20 };
  },
};

export default memory;
