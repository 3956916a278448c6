/** Failpoints of a trainer that sends gradients: it may end there, or send what is no part of a gradient. */
import type { Send } from '../../protocol/step.js';
import { failpoint, tampering } from '../../runtime/failpoint/failpoint.js';

type ChunkSend = Extract<Send, { readonly name: 'GradientChunk' }>;

export function sendWithFailpoints(send: Send, publish: (send: Send) => void): void {
  if (send.name !== 'GradientChunk') {
    publish(send);
    return;
  }
  const harm = tampering('before-send-gradient');
  publish(harm === null ? send : harm === 'nan' ? withNan(send) : ofShorterVector(send));
  failpoint('after-send-gradient');
}

/** As a trainer would send it that computes NaN and does not see it. */
function withNan({ message, ...send }: ChunkSend): ChunkSend {
  const payload = Uint8Array.from(message.payload ?? []);
  new DataView(payload.buffer).setFloat32(0, NaN, true);
  return { ...send, message: { ...message, payload } };
}

function ofShorterVector({ message, ...send }: ChunkSend): ChunkSend {
  return { ...send, message: { ...message, length: (message.length ?? 1) - 1 } };
}
