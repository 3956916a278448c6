/** Sizes that must fit before anything is computed. */
import type { Subnet } from '../network/supernet.js';
import type { ImageBatch } from './batch.js';

/** Errors: RangeError unless the vector is the net's. */
export function checkParameters({ net, parameters }: Subnet): void {
  if (parameters.length !== net.layout.parameterCount)
    throw new RangeError(
      `expected the ${net.layout.parameterCount} parameters of the net, got ${parameters.length}`,
    );
}

/** Errors: RangeError unless there are as many values as the shape says. */
export function checkImages({ images, shape }: ImageBatch): void {
  const values = shape.reduce((product, extent) => product * extent, 1);
  if (images.length !== values)
    throw new RangeError(`expected ${values} values for images [${shape.join(', ')}], got ${images.length}`);
}

/** Errors: RangeError unless there are the statistics of the path. */
export function checkStatistics({ path }: Subnet, statistics: Float32Array): void {
  if (statistics.length !== path.statisticCount)
    throw new RangeError(`expected ${path.statisticCount} statistics of the path, got ${statistics.length}`);
}
