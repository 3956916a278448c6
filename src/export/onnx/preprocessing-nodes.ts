/**
 * Window, slices, resizing and normalisation as nodes, so that they need not be written again. The same
 * arithmetic as `scan/store`: area averages where a slice becomes smaller, lines between pixel centres
 * where it becomes larger; slices chosen, never blended. `Resize` of ONNX has no area average, so the
 * weights of each axis are computed in the graph, as a matrix, from the scan's own size.
 */
import type { ModelDocument } from '../../model/schema.js';
import type { GraphWriter } from './graph-writer.js';
import { CAST } from './graph-writer.js';

/**
 * `scan` `[batch, depth, height, width]` in Hounsfield units → images `[batch, 1, slices, size, size]`. An
 * 8-bit picture that was windowed before, v of 255, goes in as `low + v / 255 · (high − low)`.
 */
export function writePreprocessing(graph: GraphWriter, { input, preprocessing }: ModelDocument): string {
  const { low, high } = preprocessing.window;
  const scan = graph.input(
    'scan',
    ['batch', 'depth', 'height', 'width'],
    'Hounsfield units; slices from the feet to the head, rows from front to back, columns from right to left',
  );
  const from = graph.floats('window/low', Float32Array.of(low), []);
  const range = graph.floats('window/range', Float32Array.of(high - low), []);
  graph.floats('zero', Float32Array.of(0), []);
  graph.floats('one', Float32Array.of(1), []);
  const shifted = graph.node('Sub', [scan, from], 'window/shifted');
  const shares = graph.node('Div', [shifted, range], 'window/share');
  const broken = graph.node('IsNaN', [shares], 'window/not-a-number');
  const numbers = graph.node('Where', [broken, 'zero', shares], 'window/numbers');
  const windowed = graph.node('Clip', [numbers, 'zero', 'one'], 'window/clipped');
  const shape = graph.node('Shape', [scan], 'scan/shape');
  const extent = (axis: number, name: string): string =>
    graph.node('Gather', [shape, graph.integers(`scan/axis${axis}`, [axis], [])], name, { axis: 0 });
  const chosen = writeDepth(graph, windowed, extent(1, 'scan/depth'), input.slices);
  const rows = writeAxis(graph, 'rows', extent(2, 'scan/height'), input);
  const columns = writeAxis(graph, 'columns', extent(3, 'scan/width'), input);
  const turned = graph.node('Transpose', [columns], 'columns/turned', { perm: [1, 0] });
  const narrow = graph.node('MatMul', [chosen, turned], 'resize/columns');
  const resized = graph.node('MatMul', [rows, narrow], 'resize/rows');
  const mean = graph.floats('normalise/mean', Float32Array.of(preprocessing.mean), []);
  const std = graph.floats('normalise/std', Float32Array.of(preprocessing.std), []);
  const normal = graph.node(
    'Div',
    [graph.node('Sub', [resized, mean], 'normalise/centred'), std],
    'normalise/scaled',
  );
  return graph.node('Unsqueeze', [normal, graph.integers('channel', [1])], 'images');
}

/** `depthIndices` of `scan/store/resample.ts`: evenly spread, symmetric about the middle. */
function writeDepth(graph: GraphWriter, windowed: string, depth: string, slices: number): string {
  const positions = Array.from({ length: slices }, (_, i) => i);
  const mirrored = (i: number): boolean => i >= Math.ceil(slices / 2);
  const odd = graph.integers(
    'depth/odd',
    positions.map((i) => 2 * (mirrored(i) ? slices - 1 - i : i) + 1),
  );
  const twice = graph.integers('depth/twice', [2 * slices], []);
  const last = graph.node('Sub', [depth, graph.integers('depth/one', [1], [])], 'depth/last');
  const first = graph.node('Div', [graph.node('Mul', [odd, depth], 'depth/product'), twice], 'depth/first');
  const back = graph.node('Sub', [last, first], 'depth/back');
  const second = graph.flags('depth/second-half', positions.map(mirrored));
  const even = graph.node('Where', [second, back, first], 'depth/even');
  const middle = graph.node('Div', [last, graph.integers('depth/two', [2], [])], 'depth/middle');
  const isMiddle = graph.flags(
    'depth/is-middle',
    positions.map((i) => 2 * i + 1 === slices),
  );
  const indices = graph.node('Where', [isMiddle, middle, even], 'depth/indices');
  return graph.node('Gather', [windowed, indices], 'depth/chosen', { axis: 1 });
}

/**
 * The matrix `[size, extent]` that resizes the middle of one axis, in double precision until the end.
 * Smaller: the share of output pixel i = [o + i·s, o + (i + 1)·s) that input pixel j covers, where
 * s = crop · extent / size and o = (1 − crop) · extent / 2.
 * Larger: max(0, 1 − |c − j|) with the output's centre c = o + (i + ½)·s − ½, kept inside.
 */
function writeAxis(
  graph: GraphWriter,
  axis: string,
  extent: string,
  { size, crop }: ModelDocument['input'],
): string {
  const at = (name: string): string => `${axis}/${name}`;
  const op = (operator: string, inputs: string[], name: string): string =>
    graph.node(operator, inputs, at(name));
  const zero = graph.doubles(at('zero'), [0], []);
  const one = graph.doubles(at('one'), [1], []);
  const half = graph.doubles(at('half'), [0.5], []);
  const outputs = graph.doubles(
    at('i'),
    Array.from({ length: size }, (_, i) => i),
    [size, 1],
  );
  const length = graph.node('Cast', [extent], at('extent'), { to: CAST.double });
  const kept = op('Mul', [length, graph.doubles(at('crop'), [crop], [])], 'kept');
  const outside = op('Mul', [op('Sub', [length, kept], 'left-out'), half], 'outside');
  const scale = op('Div', [kept, graph.doubles(at('size'), [size], [])], 'scale');
  const range = op('Range', [zero, length, one], 'j');
  const next = op('Add', [range, one], 'next');

  const start = op('Add', [op('Mul', [outputs, scale], 'i-start'), outside], 'start');
  const end = op('Add', [start, scale], 'end');
  const covered = op('Sub', [op('Min', [end, next], 'until'), op('Max', [start, range], 'since')], 'covered');
  const area = op('Div', [op('Max', [covered, zero], 'area-part'), scale], 'area');

  const middle = op('Mul', [op('Add', [outputs, half], 'i-half'), scale], 'middle');
  const centre = op('Sub', [op('Add', [middle, outside], 'middle-of-all'), half], 'centre');
  const border = op('Sub', [length, one], 'border');
  const inside = op('Min', [op('Max', [centre, zero], 'centre-low'), border], 'centre-inside');
  const distance = op('Abs', [op('Sub', [inside, range], 'difference')], 'distance');
  const line = op('Max', [op('Sub', [one, distance], 'near'), zero], 'line');

  const smaller = op('Greater', [scale, one], 'smaller');
  const chosen = op('Where', [smaller, area, line], 'chosen');
  return graph.node('Cast', [chosen], at('matrix'), { to: CAST.float });
}
