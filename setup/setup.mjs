/** `npm run setup`: brings everything a run needs, and says what is there. */

import { main, say } from './phase.mjs';
import { prepare } from './prepare.mjs';

await main(async () => {
  const started = performance.now();
  const { tensorflow, nats } = await prepare();
  say(`TensorFlow ${tensorflow.version} from ${tensorflow.source}, nats-server ${nats.version}.`);
  say(`Ready in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
  return 0;
});
