/** Fields that several files of a run folder share, with their limits. */
import { z } from 'zod';

export const shortText = z.string().max(256);
export const longText = z.string().max(8192);
export const count = z.number().int().min(0).max(1e12);
export const epochNumber = z.number().int().min(1).max(1e6);
/** Identity of a genotype. */
export const individualId = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits');
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hex digits');
/** One operation for each searchable block. */
export const genome = z.array(z.string().min(1).max(64)).min(1).max(1024);
/** Name of an objective or of something else that is measured. */
export const measureName = z.string().min(1).max(64);

/** Magnitudes above this would overflow when squared; selection refuses them as well. */
const MAX_MAGNITUDE = 1e150;

/** Measure → value, in the measure's unit; accuracies from 0 to 1. */
export const values = z.record(measureName, z.number().min(-MAX_MAGNITUDE).max(MAX_MAGNITUDE));
