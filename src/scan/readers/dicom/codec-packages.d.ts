/** The parts that are used of codec packages without types of their own. */

declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  const make: import('./codecs.js').DecoderModuleFactory<'JpegLSDecoder'>;
  export default make;
}

declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  const make: import('./codecs.js').DecoderModuleFactory<'J2KDecoder'>;
  export default make;
}

declare module 'jpeg-lossless-decoder-js' {
  export class Decoder {
    /** Decoded bytes, two a value above 8 bits. Errors: Error for a damaged picture. */
    decompress(buffer: ArrayBuffer, offset: number, length: number): ArrayBuffer;
  }
}
