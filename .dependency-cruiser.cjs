/** The import table of ARCHITECTURE.md, checked by a machine (`npm run rooms`). */
const may = {
  random: [],
  config: [],
  gradient: [],
  engine: [],
  tensor: [],
  runtime: [],
  space: ['random'],
  evolution: ['random'],
  scan: ['random'],
  search: ['random', 'space', 'evolution'],
  network: ['tensor', 'space', 'random'],
  training: ['tensor', 'network', 'scan', 'gradient', 'random', 'space'],
  objectives: ['space', 'evolution', 'training'],
  wire: ['space', 'search', 'gradient'],
  actors: ['random', 'config', 'space', 'evolution', 'gradient', 'search', 'tensor', 'scan', 'network', 'training', 'objectives', 'wire', 'runtime', 'engine'],
  report: ['random', 'config', 'space', 'evolution', 'gradient', 'search'],
};
const only = (name, library, path) => ({
  name: `${name} is the sole importer of ${library}`,
  severity: 'error',
  from: { path: '^src/', pathNot: path },
  to: { path: `node_modules/${library}` },
});
module.exports = {
  forbidden: [
    { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(may).map(([room, others]) => ({
      name: `${room} imports only ${others.length === 0 ? 'libraries' : others.join(', ')}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...others].join('|')})/` },
    })),
    { name: 'nobody imports the command line', severity: 'error', from: { pathNot: '^src/app/' }, to: { path: '^src/app/' } },
    only('tensor', '@tensorflow', '^src/tensor/'),
    only('runtime/connection', '@nats-io', '^src/runtime/(connection|work-queue)\\.ts$'),
    only('wire', 'protobufjs', '^src/wire/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: 'src/wire/generated' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
