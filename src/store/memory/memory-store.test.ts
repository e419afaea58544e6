import { storeConformance } from '../conformance.ts';
import { memoryStore } from './memory-store.ts';

storeConformance('memory', async () => ({ durable: false, open: async () => memoryStore(), remove: async () => {} }));
