/** The parts that are used of codec packages without types of their own. */

/** A decoder of compiled code: bytes go into its memory, decoded bytes come out of it. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): { readonly bitsPerSample: number };
  delete(): void;
}

/** Where the compiled code prints. */
interface WasmOutput {
  readonly print: (line: string) => void;
  readonly printErr: (line: string) => void;
}

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  export default function make(output: WasmOutput): Promise<{ JpegLSDecoder: new () => WasmDecoder }>;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export default function make(output: WasmOutput): Promise<{ J2KDecoder: new () => WasmDecoder }>;
}

declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    /** Decoded bytes, two a value above 8 bits. Errors: Error for a damaged picture. */
    decompress(buffer: ArrayBuffer, offset: number, length: number): ArrayBuffer;
  }
}
