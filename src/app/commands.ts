/** All commands: what each is for, in the order of the help, and the file that has it. */
import type { Command } from 'commander';

export interface CommandEntry {
  readonly name: string;
  /** A line for the list of commands. */
  readonly summary: string;
  /** Adds it to the program. What it needs is read only then: a command starts without the others. */
  readonly register: (program: Command) => Promise<void>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'start',
    summary: 'the quickstart: a whole search on phantom scans',
    register: async (program) => (await import('./start.js')).registerStart(program),
  },
  {
    name: 'search',
    summary: 'search networks: scans in, Pareto front and report out',
    register: async (program) => (await import('./search.js')).registerSearch(program),
  },
  {
    name: 'standby',
    summary: 'go on with a search when the command that conducts it dies or is stopped',
    register: async (program) => (await import('./standby.js')).registerStandby(program),
  },
  {
    name: 'cluster',
    summary: 'a search on all GPUs of this machine, one trainer each, checked before it starts',
    register: async (program) => (await import('./cluster.js')).registerCluster(program),
  },
  {
    name: 'broker',
    summary: 'a broker for several hosts: certificates and credentials made, a server run',
    register: async (program) => (await import('./broker.js')).registerBroker(program),
  },
  {
    name: 'runs',
    summary: 'list the searches that are at work on a broker',
    register: async (program) => (await import('./runs.js')).registerRuns(program),
  },
  {
    name: 'worker',
    summary: 'work for a search that is running: one more trainer or evaluator',
    register: async (program) => (await import('./worker.js')).registerWorker(program),
  },
  {
    name: 'objective',
    summary: 'let an objective of your own join a running search, or leave it',
    register: async (program) => (await import('./objective.js')).registerObjective(program),
  },
  {
    name: 'retrain',
    summary: 'train the best networks of a run from scratch: a model out',
    register: async (program) => (await import('./retrain.js')).registerRetrain(program),
  },
  {
    name: 'baselines',
    summary: 'networks designed by hand, trained like the best of a run: what it is compared with',
    register: async (program) => (await import('./baselines.js')).registerBaselines(program),
  },
  {
    name: 'evaluate',
    summary: 'a trained model, or the best individual of a run, on other scans',
    register: async (program) => (await import('./evaluate.js')).registerEvaluate(program),
  },
  {
    name: 'explain',
    summary: 'heat maps of scans: what a model’s answer rests on',
    register: async (program) => (await import('./explain.js')).registerExplain(program),
  },
  {
    name: 'export',
    summary: 'a model as ONNX or safetensors, with a model card',
    register: async (program) => (await import('./export.js')).registerExport(program),
  },
  {
    name: 'predict',
    summary: 'the class of scans by a trained model',
    register: async (program) => (await import('./predict.js')).registerPredict(program),
  },
  {
    name: 'tables',
    summary: 'the tables of the paper, ours under its figures',
    register: async (program) => (await import('./tables.js')).registerTables(program),
  },
  {
    name: 'study',
    summary: 'all of it: search, retrain, tables, heat maps, exports, predictions, one page',
    register: async (program) => (await import('./study.js')).registerStudy(program),
  },
  {
    name: 'data',
    summary: 'make, look at and split data',
    register: async (program) => (await import('./data.js')).registerData(program),
  },
  {
    name: 'inspect',
    summary: 'parameters, size and FLOPs of the SuperNet, of a network in it, or of a baseline',
    register: async (program) => (await import('./inspect.js')).registerInspect(program),
  },
  {
    name: 'select',
    summary: 'choose survivors: a request as JSON on standard input, the answer on standard output',
    register: async (program) => (await import('./select.js')).registerSelect(program),
  },
  {
    name: 'doctor',
    summary: 'look at TensorFlow, devices and nats-server, and say how to get what is missing',
    register: async (program) => (await import('./doctor.js')).registerDoctor(program),
  },
  {
    name: 'chaos',
    summary: 'a search under real faults, compared byte by byte with one without',
    register: async (program) => (await import('./chaos.js')).registerChaos(program),
  },
  {
    name: 'report',
    summary: 'build report.html and its figures again from the run folder alone',
    register: async (program) => (await import('./report.js')).registerReport(program),
  },
];
