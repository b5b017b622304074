import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { askedOnce } from '../../observation/asked-once.js';
import type { JobDepth, JobStoreWatch } from '../store/job-store.js';
import type { JobObserver } from './job-observer.js';

/** What the runner can tell at any moment. */
export interface JobsMeasured {
  depths(): Promise<readonly JobDepth[]>;
  readonly running: number;
  readonly lostLeases: number;
  readonly listening: JobStoreWatch['state'];
}

/** Seconds; from a start that nobody notices to a backlog. */
const DELAYS = [0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1_800];
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];

/**
 * Registers what Prometheus is told of jobs. Labels are products and names of definitions, which code declares: their
 * number is bounded, and no tenant is among them. `measured`: null until the worker runs.
 */
export function jobMetrics(registry: Registry, measured: () => JobsMeasured | null): JobObserver {
  const registers = [registry];
  // Not `job`: so Prometheus calls what it scrapes, and would rename ours.
  const ofJob = ['product', 'definition'] as const;
  const runs = new Counter({
    name: 'stack_job_runs_total',
    help: 'Runs that ended in this worker, by outcome; a run whose lease was lost is "lost".',
    labelNames: [...ofJob, 'outcome'] as const,
    registers,
  });
  const delays = new Histogram({
    name: 'stack_job_start_delay_seconds',
    help: 'From when a job might run to when it began.',
    labelNames: ofJob,
    buckets: DELAYS,
    registers,
  });
  const durations = new Histogram({
    name: 'stack_job_duration_seconds',
    help: 'How long runs took, whatever their outcome.',
    labelNames: ofJob,
    buckets: DURATIONS,
    registers,
  });
  new Gauge({
    name: 'stack_job_running',
    help: 'Jobs that this worker holds.',
    registers,
    collect() {
      this.set(measured()?.running ?? 0);
    },
  });
  new Gauge({
    name: 'stack_job_listener_connected',
    help: '1 while notifications of new jobs are heard; 0: this worker polls.',
    registers,
    collect() {
      this.set(measured()?.listening === 'connected' ? 1 : 0);
    },
  });
  let lostBefore = 0;
  new Counter({
    name: 'stack_job_leases_lost_total',
    help: 'Runs that this worker lost to another, to a cancellation, or to a store that did not answer.',
    registers,
    collect() {
      const lost = measured()?.lostLeases ?? 0;
      this.inc(lost - lostBefore);
      lostBefore = lost;
    },
  });
  const depths = askedOnce(
    async () =>
      (await measured()
        ?.depths()
        .catch(() => null)) ?? null,
  );
  new Gauge({
    name: 'stack_job_oldest_ready_seconds',
    help: 'How long the oldest job that might run has waited.',
    labelNames: ['product'] as const,
    registers,
    async collect() {
      const known = await depths();
      if (!known) return;
      this.reset();
      for (const { product, state, oldestMs } of known) if (state === 'ready') this.set({ product }, oldestMs / 1_000);
    },
  });
  new Gauge({
    name: 'stack_jobs',
    help: 'Open and dead jobs in the store, by state: of all workers together.',
    labelNames: ['product', 'state'] as const,
    registers,
    async collect() {
      const known = await depths();
      if (!known) return;
      this.reset();
      for (const { product, state, count } of known) this.set({ product, state }, count);
    },
  });

  const labels = (name: string) => ({ product: name.slice(0, name.indexOf('.')), definition: name });
  return {
    began: ({ name, delayMs }) => delays.observe(labels(name), delayMs / 1_000),
    ended({ name }, outcome, durationMs) {
      runs.inc({ ...labels(name), outcome });
      durations.observe(labels(name), durationMs / 1_000);
    },
  };
}
