/**
 * EMARS as a contestant: reads requests from standard input, answers each with the time of one step.
 * Arguments: threads, and the path of the native kernels; none: TensorFlow computes.
 */
import { createInterface } from 'node:readline';
import { loadKernels } from '#emars/kernels/kernels.js';
import { initialiseParameters } from '#emars/network/initialise.js';
import { generator } from '#emars/random/generator.js';
import { superNetOf } from '#emars/space/layout.js';
import { resolvePath } from '#emars/space/path.js';
import { predict } from '#emars/training/predict.js';
import { pathGradient } from '#emars/training/path-gradient.js';
import { optimizerFloats } from '#emars/training/optimizer.js';
import { stepArithmetic } from '#emars/training/step-arithmetic.js';
import type { Shape, StepAnswer, StepRequest } from './contest.js';
import { space } from './contest.js';

const [, , threads, addon] = process.argv;
const kernels = addon === undefined ? null : loadKernels(addon, Number(threads));
const net = superNetOf(space);
const { layout } = net;
const arithmetic = stepArithmetic(layout.parameters, addon ?? null);
const parameters = initialiseParameters(layout, 1);
const gradient = new Float32Array(layout.parameterCount);
const velocity = new Float32Array(optimizerFloats('sgd', layout.parameterCount, layout.parameters.length));
const sgd = {
  kind: 'sgd',
  weightAverage: 0,
  learningRate: 1e-3,
  momentum: 0,
  weightDecay: 0,
  beta1: 0,
  beta2: 0,
  epsilon: 0,
} as const;
const noise = generator(1, 'bench-step-noise');
const pool = Float32Array.from({ length: 100_003 }, () => noise.normal());

const statistics = new Float32Array(layout.statisticCount).fill(1);

function imagesOf(shape: Shape): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => pool[i % pool.length]!);
}

function answer(started: number, loss: number): StepAnswer {
  return {
    milliseconds: performance.now() - started,
    loss,
    parameters: layout.parameterCount,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  };
}

function evaluate({ shape, genome }: StepRequest): StepAnswer {
  const images = imagesOf(shape);
  const started = performance.now();
  const path = resolvePath(net, genome);
  const subnet = { net, path, parameters, kernels };
  return answer(started, predict(subnet, statistics.subarray(0, path.statisticCount), { images, shape })[0]!);
}

function step({ shape, genome }: StepRequest): StepAnswer {
  const images = imagesOf(shape);
  const labels = Int32Array.from({ length: shape[0] }, (_, i) => i % space.classes);
  const started = performance.now();
  const path = resolvePath(net, genome);
  const result = pathGradient({ net, path, parameters, kernels }, { images, shape, labels });
  const slot = { tensors: path.parameters, values: result.gradient, weight: shape[0] };
  const touched = arithmetic.sum([slot], gradient, 'by-step');
  arithmetic.move(sgd, { touched, values: gradient }, parameters, velocity);
  return answer(started, result.loss);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as StepRequest;
  process.stdout.write(`${JSON.stringify(request.work === 'step' ? step(request) : evaluate(request))}\n`);
}
