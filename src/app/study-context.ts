/** What the phases of a study share. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Options } from '../config/options.js';
import type { StudyOptions } from '../study/schema.js';

export interface StudyContext {
  /** Absolute. */
  readonly root: string;
  readonly study: StudyOptions;
  /** Of the search, filled. */
  readonly options: Options;
  readonly trainers: number | undefined;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

export interface StudyPhase {
  readonly name: string;
  /** One line for people, and for the report. */
  readonly what: string;
  /** TensorFlow computes in it: it runs in a process made for that. */
  readonly tensors?: boolean;
  /** Returns its files, paths below the study's folder, in the order in which the report shows them. */
  readonly run: (context: StudyContext) => Promise<string[]>;
}

export const NEW_SCANS = 'new-scans';
export const MODEL = 'retrain';
export const BASELINES = 'baselines';
export const goOnWith = (root: string): string => `npx emars study --resume ${root}`;

/** The models of a study as arguments of `emars tables`, the searched one first. */
export const modelPaths = ({ root, study }: Pick<StudyContext, 'root' | 'study'>): string[] => [
  `study=${join(root, MODEL)}`,
  ...study.baselines.networks.map((network) => `${network}=${join(root, BASELINES, network)}`),
];

/** A folder whose phase was cut off is begun again. */
export async function cleared(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  return path;
}
