import { describe, expect, it } from 'vitest';
import { describeEnvironment } from '#emars/app/doctor.js';
import type { DoctorReport } from '#emars/native/doctor.js';

const whole: DoctorReport = {
  tensorflow: { version: '2.21.0', source: 'the PyPI wheel' },
  devices: ['cpu', 'cuda:0'],
  nats: { version: '2.15.1', path: '/cache/nats-server' },
  kernels: { id: '00112233', path: '/cache/kernels.node' },
  fingerprint: {
    hash: '0123456789abcdef',
    tensorflow: null,
    cpu: { model: 'Some CPU', features: [] },
    flags: {},
    threads: null,
    device: 'cpu',
    platform: 'linux-x64',
    node: 20,
  },
  missing: [],
};

describe('emars doctor', () => {
  it('says in a few lines what is there', () => {
    expect(describeEnvironment(whole)).toEqual([
      'TensorFlow   2.21.0 (the PyPI wheel)',
      'devices      cpu, cuda:0',
      'nats-server  2.15.1 (/cache/nats-server)',
      'kernels      00112233 (/cache/kernels.node)',
      'fingerprint  0123456789abcdef (Some CPU, linux-x64, Node 20)',
      'everything is there',
    ]);
  });

  it('names each missing part with its reason and remedy', () => {
    const lines = describeEnvironment({
      ...whole,
      tensorflow: null,
      nats: null,
      kernels: null,
      missing: [
        { part: 'compiler', reason: 'no g++ on PATH', remedy: 'Install g++.' },
      ] as unknown as DoctorReport['missing'],
    });
    expect(lines.slice(0, 3)).toEqual([
      'TensorFlow   missing',
      'devices      cpu, cuda:0',
      'nats-server  missing',
    ]);
    expect(lines[3]).toMatch(/^kernels {6}none: TensorFlow computes, several times slower/);
    expect(lines.at(-1)).toBe('missing      compiler: no g++ on PATH. Install g++.');
  });
});
