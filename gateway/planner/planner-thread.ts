/** What runs inside a planner thread; `start-planner-thread.ts` is its other end. */
import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { apolloReason, loadApolloPlanner, type ApolloPlanner } from './apollo-planner.js';
import { packPlan } from './packed-plan.js';
import type { ThreadAnswer, ThreadOrder, ThreadQuestion } from './thread-messages.js';

const port = parentPort!;
// Where cores are few, requests whose plan is known go first. On Linux it is the calling thread's alone (setpriority(2));
// elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
const planners = new Map<number, ApolloPlanner>();

port.on('message', (order: ThreadOrder) => {
  if (order.kind === 'unload') planners.delete(order.supergraph);
  else port.postMessage(answer(order));
});

function answer(question: ThreadQuestion): ThreadAnswer {
  try {
    if (question.kind === 'plan')
      return { kind: 'done', result: packPlan(planners.get(question.supergraph)!.plan(question.request)) };
    const planner = loadApolloPlanner(question.sdl);
    planners.set(question.supergraph, planner);
    return { kind: 'done', result: planner.supergraph };
  } catch (error) {
    return { kind: 'failed', reason: apolloReason(error) };
  }
}
