import { Worker } from 'node:worker_threads';
import type { ThreadAnswer, ThreadOrder, ThreadQuestion } from './thread-messages.js';

/** Only compiled code runs in a thread; under a test runner this file is its own source. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../dist/planner/planner-thread.js' : './planner-thread.js',
  import.meta.url,
);

/** In the last two cases the thread has ended, or is about to. */
export type ThreadOutcome<Question extends ThreadQuestion = ThreadQuestion> =
  ThreadAnswer<Question> | { readonly kind: 'timedOut' } | { readonly kind: 'died'; readonly reason: string };

/** The main thread's end of one planner thread. Between questions it does not keep the process alive. */
export interface PlannerThread {
  /** False once the thread has ended or was stopped. */
  readonly isAlive: boolean;
  /** One question at a time. Never rejects; a thread without an answer after `timeoutMs` is stopped. */
  ask<Question extends ThreadQuestion>(question: Question, timeoutMs: number): Promise<ThreadOutcome<Question>>;
  /** Takes effect after the question it is busy with. */
  unload(supergraph: number): void;
  /** In the middle of whatever it does. Resolves when its memory is free. */
  stop(): Promise<void>;
}

/** `heapMb` bounds what V8 keeps for the thread: beyond it the thread dies, and the process goes on. */
export function startPlannerThread({ heapMb }: { heapMb: number }): PlannerThread {
  const worker = new Worker(ENTRY, {
    name: 'planner',
    // Planning needs nothing of the environment, and Apollo's packages read switches from it that make them print.
    env: { NODE_ENV: 'production' },
    execArgv: [], // a flag may be about the process's own entry file
    // What a library prints stays in the thread. Not read here: a stream that is being read keeps the process alive.
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMb },
  });

  let isAlive = true;
  let settle: ((outcome: ThreadOutcome) => void) | null = null;

  function end(reason: string): void {
    isAlive = false;
    settle?.({ kind: 'died', reason });
  }
  worker.on('message', (answer: ThreadAnswer) => settle?.(answer));
  worker.on('error', (error) => end(error.message)); // memory that ran out, too
  worker.on('exit', (code) => end(`its thread ended with code ${code}`));
  // After the listeners: each takes hold of the process again. The timer of a question holds it until the answer.
  worker.unref();

  const tell = (order: ThreadOrder): void => worker.postMessage(order);

  return {
    get isAlive() {
      return isAlive;
    },
    ask: <Question extends ThreadQuestion>(question: Question, timeoutMs: number) =>
      new Promise<ThreadOutcome<Question>>((resolve) => {
        const timer = setTimeout(() => {
          isAlive = false;
          settle?.({ kind: 'timedOut' });
          void worker.terminate();
        }, timeoutMs);
        settle = (outcome) => {
          settle = null;
          clearTimeout(timer);
          resolve(outcome as ThreadOutcome<Question>); // the thread answers one question at a time: this is its answer
        };
        tell(question);
      }),
    unload: (supergraph) => tell({ kind: 'unload', supergraph }),
    async stop() {
      isAlive = false;
      await worker.terminate();
    },
  };
}
