import { busConformance } from '../../support/bus-conformance.js';
import { MemoryBroker } from '../../support/memory-bus.js';

const broker = new MemoryBroker();

busConformance('the bus in memory', {
  connect: (options) => Promise.resolve(broker.connect(options)),
  cut: () => {
    broker.cut();
    return Promise.resolve();
  },
  restore: () => broker.restore(),
});
